import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Commands of a document, and what it shows as their answer; null where it shows none. */
export interface ShownCommand {
  readonly commands: string;
  readonly answer: string | null;
}

const FENCED = /^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm;

/** What a document has its reader type, in order; a block that is marked `service` starts one. */
export class ShownCommands {
  private constructor(
    readonly asked: readonly ShownCommand[],
    readonly service: string,
  ) {}

  /** Of one section of the document, or of all of it. */
  static async of(document: string, heading?: string): Promise<ShownCommands> {
    const text = await readFile(document, 'utf8');
    const section = heading === undefined ? text : sectionOf(text, heading);
    const asked: ShownCommand[] = [];
    let service = '';
    for (const [, language, mark, content = ''] of section.matchAll(FENCED)) {
      if (mark === 'service') service = content;
      else if (language === 'bash') asked.push({ commands: content, answer: null });
      else asked.push({ commands: asked.pop()?.commands ?? '', answer: content });
    }
    return new ShownCommands(asked, service);
  }

  /** The variables that the command of the service sets. */
  async serviceEnvironment(): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await run('bash', ['-c', this.service.replace('npm start', 'env -0')]);
    const entries = stdout.split('\0').map((line) => splitAt(line, line.indexOf('=')));
    return Object.fromEntries(
      entries.filter(([name]) => name === 'TASKER_API_KEYS' || name === 'TASKER_ROLE'),
    );
  }

  /** What each block of commands answers, one after the other in one shell; `places` says what stands for which address. */
  async answers(places: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const script = this.asked.map(({ commands }) => `${commands}\nprintf '${SEPARATOR}'`).join('\n');
    const placed = Object.entries(places).reduce(
      (text, [shown, real]) => text.replaceAll(shown, real),
      script,
    );
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', placed], { timeout: 60_000 });
    return stdout.split(SEPARATOR).slice(0, -1);
  }
}

function sectionOf(text: string, heading: string): string {
  const [, after = ''] = text.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ');
  return section;
}

const SEPARATOR = '<<< next >>>';

function splitAt(text: string, at: number): readonly [string, string] {
  return [text.slice(0, at), text.slice(at + 1)];
}

const UUID = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/g;
const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g;

/** The same text, its uuids numbered in the order in which they come, so that another run's text is the same. */
export class Anonymizer {
  private readonly names = new Map<string, string>();

  text(value: string): string {
    return value
      .replaceAll(UUID, (uuid) => {
        const name = this.names.get(uuid) ?? `<uuid ${this.names.size + 1}>`;
        this.names.set(uuid, name);
        return name;
      })
      .replaceAll(TIME, '<time>');
  }
}

/** Of a real answer what a shortened one shows: the fields that are named there, in their order. */
export function shortenedLike(shown: unknown, real: unknown): unknown {
  if (Array.isArray(shown) && Array.isArray(real))
    return real.map((item, place) => shortenedLike(shown[place], item));
  if (typeof shown === 'object' && shown !== null && typeof real === 'object' && real !== null)
    return Object.fromEntries(
      Object.entries(shown).map(([key, value]) => [key, shortenedLike(value, Reflect.get(real, key))]),
    );
  return real;
}
