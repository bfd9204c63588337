/** One instruction of a Dockerfile, such as `COPY src ./src`. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** A stage: from a FROM to the next. */
export interface Stage {
  /** What FROM names. */
  readonly image: string;
  readonly alias: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** A COPY: from the build's context, or from another stage. */
export interface Copy {
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** Reads as much of the format as this project's Dockerfile uses, and refuses the rest. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { image: string; alias: string | undefined; instructions: Instruction[] }[] = [];
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ');
  for (const line of lines.split('\n')) {
    const [, name, rest] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`Not an instruction: ${line}`);
    if (name === 'FROM') {
      const [, image = '', alias] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? [];
      stages.push({ image, alias, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`Before the first FROM: ${line}`);
      stage.instructions.push({ name, text: rest });
    }
  }
  return stages;
}

/** The text of a stage's last instruction of a name; undefined where there is none. */
export function lastOf(stage: Stage, name: string): string | undefined {
  return stage.instructions.findLast((instruction) => instruction.name === name)?.text;
}

export function parseCopy(text: string): Copy {
  const words = text.split(/\s+/);
  const from = words.find((word) => word.startsWith('--'));
  if (from !== undefined && !from.startsWith('--from='))
    throw new Error(`A flag of COPY unknown here: ${from}`);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop();
  if (target === undefined || paths.length === 0) throw new Error(`COPY needs sources and a target: ${text}`);
  return { from: from?.slice('--from='.length), sources: paths, target };
}

/** The words of an instruction in exec form, `["node", "main.js"]`; undefined where it is in shell form. */
export function execForm(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  const words: unknown = JSON.parse(text);
  return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
}

/** Whether a `.dockerignore` keeps a path out of the build's context: the last pattern that fits it, or a folder of it, decides. */
export function ignoredBy(dockerignore: string): (path: string) => boolean {
  const rules = dockerignore
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      ignores: !line.startsWith('!'),
      pattern: new RegExp(`^${globSource(line.replace(/^!/, ''))}(/.*)?$`),
    }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false;
}

function globSource(glob: string): string {
  return glob
    .replaceAll(/[.+^${}()|[\]]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
}
