import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { runCommandLine } from '../../src/cli/command-line.runner.js';
import { TemplateFolder, templateText } from './template-folder.js';
import { CLI_TEST_TIMEOUT_MS, runTemplatesCli, type CliOutcome } from './templates-cli.process.js';

describe('the command line', () => {
  let folder: TemplateFolder;

  beforeAll(async () => {
    folder = await TemplateFolder.create();
    await folder.write('pay.yaml', templateText({ steps: [{ name: 'a' }] }));
    await folder.write('several/pay.yaml', templateText({ steps: [{ name: 'a' }] }));
    await folder.write('several/ship.yaml', templateText({ name: 'ship', steps: [{ name: 'a' }] }));
  });

  afterAll(() => folder.remove());

  it.each([
    { args: ['--help'], words: ['check', 'types', 'graph', 'Exit code'] },
    { args: ['help'], words: ['Usage: tasker-templates <command>'] },
    { args: ['check', '--help'], words: ['--json', 'TASKER_TEMPLATE_PATH'] },
    {
      args: ['types', 'pay.yaml', '-h'],
      words: ['--out DIR', '--check', 'src/workflows/linear-workflow/mathematical-sequence.types.ts'],
    },
    { args: ['graph', '--help'], words: ['--direction'] },
  ])('explains itself: $args', async ({ args, words }) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of words) expect(stdout).toContain(word);
  });

  it.each([
    { args: [], message: 'A command is missing; the commands are check, types, graph.' },
    { args: ['chekc'], message: 'There is no command "chekc"; the commands are check, types, graph.' },
    { args: ['check', '--jsn'], message: "Unknown option '--jsn'; the flags are --json, --help" },
    { args: ['check', '--json=yes'], message: "Option '--json' does not take an argument" },
    { args: ['types', '--out'], message: "Option '--out <value>' argument missing" },
    { args: ['types', '--out='], message: '--out: expected a directory, got nothing' },
    { args: ['graph'], message: 'expected one file, got 0' },
    { args: ['graph', 'a.yaml', 'b.yaml'], message: 'expected one file, got 2' },
    {
      args: ['graph', 'a.yaml', '--direction', 'up'],
      message: '--direction: expected LR or TD, got "up"',
    },
  ])('says what was wrong with $args, and where help is', async ({ args, message }) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/See "tasker-templates (\w+ )?--help"/);
  });

  it('draws one template, not a directory of them', async () => {
    const { code, stderr } = await runHere(['graph', join(folder.path, 'several')]);
    expect(code).toBe(2);
    expect(stderr).toContain('several has 2');
  });

  it('refuses a template path that is no list of directories', async () => {
    const { code, stderr } = await runHere(['check'], { TASKER_TEMPLATE_PATH: ':' });
    expect(code).toBe(2);
    expect(stderr).toContain('TASKER_TEMPLATE_PATH');
  });

  it('refuses a way with unknown keys that there is not; every command does', async () => {
    for (const args of [['check'], ['types'], ['graph', 'a.yaml']]) {
      const { code, stderr } = await runHere(args, { TASKER_TEMPLATE_UNKNOWN_KEYS: 'ignore' });
      expect(code).toBe(2);
      expect(stderr).toContain('TASKER_TEMPLATE_UNKNOWN_KEYS');
    }
  });

  it(
    'ends a process with its exit code, and keeps standard output for what was asked',
    async () => {
      expect(await runTemplatesCli(folder.path, ['check', 'pay.yaml'])).toEqual({
        code: 0,
        stdout: '1 template with 1 step: no problems\n',
        stderr: '',
      });
      const missing = await runTemplatesCli(folder.path, ['check', 'none.yaml']);
      expect(missing).toMatchObject({ code: 1, stdout: '' });
      expect(await runTemplatesCli(folder.path, ['chekc'])).toMatchObject({ code: 2, stdout: '' });
    },
    CLI_TEST_TIMEOUT_MS,
  );
});

/** In this process: what only reads the command line needs no other. */
async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliOutcome> {
  let [stdout, stderr] = ['', ''];
  const output = {
    result: (text: string) => void (stdout += `${text}\n`),
    problem: (text: string) => void (stderr += `${text}\n`),
  };
  return { code: await runCommandLine(args, { env, output }), stdout, stderr };
}
