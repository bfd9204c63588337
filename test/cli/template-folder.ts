import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary folder in which a test is the user. */
export class TemplateFolder {
  private constructor(readonly path: string) {}

  static async create(): Promise<TemplateFolder> {
    return new TemplateFolder(await mkdtemp(join(tmpdir(), 'templates-cli-')));
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const file = join(this.path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.path, name), 'utf8');
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

export interface StepKeys {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** A template file; JSON is YAML too. Only the name of a step has to be given. */
export function templateText({
  steps,
  ...keys
}: {
  readonly steps: readonly StepKeys[];
  readonly [key: string]: unknown;
}): string {
  return JSON.stringify({
    name: 'pay',
    namespace_name: 'shop',
    version: '1.0.0',
    ...keys,
    steps: steps.map((step) => ({ handler: { callable: step.name }, ...step })),
  });
}
