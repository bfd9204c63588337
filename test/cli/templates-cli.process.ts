import { execFile } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const LOADER = join(ROOT, 'test/support/register-ts.mjs');
const CLI = join(ROOT, 'src/cli/templates.ts');

/** For a test that starts such processes; they take half a second on an idle machine. */
export const CLI_TEST_TIMEOUT_MS = 120_000;

export interface CliOutcome {
  /** The exit code; null if the process had to be killed. */
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as its users do: in a process of its own, in some folder. */
export function runTemplatesCli(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CliOutcome> {
  const { TASKER_TEMPLATE_PATH: _, TASKER_TEMPLATE_UNKNOWN_KEYS: __, ...inherited } = process.env;
  const options = {
    cwd: folder,
    env: { ...inherited, NODE_OPTIONS: '', ...environment },
    timeout: CLI_TEST_TIMEOUT_MS / 2,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', LOADER, CLI, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr });
    });
  });
}
