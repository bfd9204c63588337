import type { OutputWriter } from './output.writer.js';

/** How the process ends; scripts and CI go by it. */
export const EXIT = {
  ok: 0,
  /** The command ran, and found something wrong. */
  problems: 1,
  /** The command line itself, or a setting, is not as it should be; nothing was done. */
  usage: 2,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command is given besides its arguments. */
export interface CommandSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly output: OutputWriter;
}

/** One word after `templates`: `check`, `types`, `graph`. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** All there is to know, for `--help`. */
  readonly help: string;
  run(args: readonly string[], surroundings: CommandSurroundings): Promise<ExitCode>;
}
