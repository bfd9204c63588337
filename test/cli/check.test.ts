import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TemplateFolder, templateText } from './template-folder.js';
import { CLI_TEST_TIMEOUT_MS, runTemplatesCli } from './templates-cli.process.js';

const BROKEN = `name: pay
namespace_name: shop
version: 1.0
retries: 3
input_schema:
  type: object
  properties:
    amount: {type: nubmer}
steps:
  - name: a
    handler: {callable: A}
    timeout_seconds: soon
    dependencies: [c]
  - name: b
    handler: {callable: B}
    dependencies: [aa, nowhere]
  - name: b
    handler: {callable: B}
  - name: c
    handler: {callable: C}
    dependencies: [a]
    retry: {backoff: exponental}
`;

const GOOD = templateText({ steps: [{ name: 'a' }, { name: 'b', dependencies: ['a'] }] });

jest.setTimeout(CLI_TEST_TIMEOUT_MS);

describe('templates check', () => {
  let folder: TemplateFolder;

  beforeEach(async () => {
    folder = await TemplateFolder.create();
  });

  afterEach(() => folder.remove());

  const check = (...args: readonly string[]) => runTemplatesCli(folder.path, ['check', ...args]);

  it('tells every problem of a file at once, with line, column and path', async () => {
    await folder.write('pay.yaml', BROKEN);
    const { code, stdout, stderr } = await check('pay.yaml');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    const expected = [
      /^pay\.yaml:3:10 version: expected a version x\.y\.z/,
      /^pay\.yaml:4:1 retries: unknown key "retries"/,
      /^pay\.yaml:8:20 input_schema\.properties\.amount\.type: /,
      /^pay\.yaml:12:22 steps\[0\]\.timeout_seconds: expected an integer from 1 to 86400/,
      /^pay\.yaml:13:20 steps\[0\]\.dependencies\[0\]: steps wait for each other in a circle: a -> c -> a/,
      /^pay\.yaml:16:20 steps\[1\]\.dependencies\[0\]: no step is called "aa"/,
      /^pay\.yaml:16:24 steps\[1\]\.dependencies\[1\]: no step is called "nowhere"/,
      /^pay\.yaml:17:11 steps\[2\]\.name: step names are unique; "b" is steps\[1\] already/,
      /^pay\.yaml:22:22 steps\[3\]\.retry\.backoff: expected one of .*exponential/,
      /^$/,
      /^9 problems in 1 file$/,
    ];
    expect(lines).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it('goes on with the other files, and finds what is wrong between them', async () => {
    await folder.write('tasks/empty.yaml', '');
    await folder.write('tasks/good.yaml', GOOD);
    await folder.write('tasks/same.yml', GOOD);
    await folder.write('tasks/words.yaml', '{"name": ');
    await folder.write('tasks/bytes.yaml', Uint8Array.of(0xff, 0xfe, 0x00));
    await folder.write('tasks/ignored.txt', 'not a template');
    const { code, stderr } = await check('tasks', 'nowhere');
    expect(code).toBe(1);
    expect(stderr).toContain('tasks/empty.yaml:1:1: the file is empty');
    expect(stderr).toContain('tasks/same.yml:1:1: template shop/pay/1.0.0 is in tasks/good.yaml already');
    expect(stderr).toMatch(/tasks\/words\.yaml:1:\d+: not readable as YAML/);
    expect(stderr).toContain('tasks/bytes.yaml:1:1: cannot read the file: it is not UTF-8 text');
    expect(stderr).toContain('nowhere:1:1: cannot read the templates: it does not exist');
    expect(stderr).toContain('5 problems in 5 files');
  });

  it('says what it checked when all is well', async () => {
    await folder.write('tasks/good.yaml', GOOD);
    expect(await check('tasks')).toEqual({
      code: 0,
      stdout: '1 template with 2 steps: no problems\n',
      stderr: '',
    });
  });

  it('checks a file once, however often it is named', async () => {
    await folder.write('tasks/good.yaml', GOOD);
    await symlink('tasks/good.yaml', join(folder.path, 'link.yaml'));
    const { code, stdout } = await check('tasks/good.yaml', 'tasks', 'link.yaml');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 template with 2 steps: no problems\n' });
  });

  it('checks without arguments what the service would load', async () => {
    await folder.write('config/tasks/good.yaml', GOOD);
    expect((await check()).stdout).toContain('1 template with 2 steps');
    await folder.write('a/a.yaml', GOOD);
    await folder.write('b/b.yaml', templateText({ name: 'ship', steps: [{ name: 'a' }] }));
    const env = { TASKER_TEMPLATE_PATH: `a${delimiter}b` };
    const { stdout } = await runTemplatesCli(folder.path, ['check'], env);
    expect(stdout).toContain('2 templates with 3 steps');
  });

  it('takes an empty directory for what it is', async () => {
    await mkdir(join(folder.path, 'tasks'));
    expect(await check('tasks')).toEqual({ code: 0, stdout: 'no templates in tasks\n', stderr: '' });
  });

  it('writes JSON for programs', async () => {
    await folder.write('bad.yaml', 'name: pay');
    await folder.write('good.yaml', GOOD);
    const bad = await check('bad.yaml', 'good.yaml', '--json');
    expect(bad).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(bad.stdout)).toEqual({
      valid: false,
      templates: [{ file: 'good.yaml', namespace: 'shop', name: 'pay', version: '1.0.0', steps: 2 }],
      problems: ['steps', 'namespace_name', 'version'].map((path) => ({
        file: 'bad.yaml',
        line: 1,
        column: 1,
        path,
        message: 'is required',
      })),
    });
    const good = await check('good.yaml', '--json');
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ valid: true, problems: [] });
  });

  it('warns of unknown keys that Tasker ignores, where the service would', async () => {
    await folder.write('odd.yaml', `${GOOD.slice(0, -1)}, "owner": "me"}`);
    const refused = await runTemplatesCli(folder.path, ['check', 'odd.yaml']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^odd\.yaml:1:\d+ owner: unknown key "owner"\n/);
    const env = { TASKER_TEMPLATE_UNKNOWN_KEYS: 'warn' };
    const warned = await runTemplatesCli(folder.path, ['check', 'odd.yaml'], env);
    expect(warned).toMatchObject({ code: 0, stdout: '1 template with 2 steps: no problems\n' });
    expect(warned.stderr).toMatch(/^warning: odd\.yaml:1:\d+ owner: ignored: unknown key "owner"\n$/);
    const json = await runTemplatesCli(folder.path, ['check', '--json', 'odd.yaml'], env);
    expect(json.stderr).toBe('');
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: true,
      problems: [],
      warnings: [{ path: 'owner' }],
    });
  });

  it('hands no control character of a file to the terminal', async () => {
    await folder.write('evil.yaml', 'name: pay\n"\\e]0;title\\a": 1\n');
    const { stderr } = await check('evil.yaml');
    expect(stderr).toContain('unknown key');
    // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
    expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });

  it.each([
    ['an alias bomb', aliasBomb(), /holds too much/],
    ['10,000 steps', manySteps(10_000), /steps: expected at most 2000 items, got 10000/],
    ['endless brackets', '['.repeat(500_000), /nested more than 100 levels deep/],
  ])('refuses %s without working through it', async (_, text, message) => {
    await folder.write('hostile.yaml', text);
    // What this guards against takes longer than any test may, or all of the memory.
    const { code, stderr } = await check('hostile.yaml');
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});

function aliasBomb(): string {
  const levels = 'abcdefghijklmnop'.split('');
  const lines = levels.map((key, level) => `${key}: &${key} [${`*${levels[level - 1]},`.repeat(10)}]`);
  return ['a: &a [1]', ...lines.slice(1)].join('\n');
}

function manySteps(count: number): string {
  return templateText({ steps: Array.from({ length: count }, (_, index) => ({ name: `s${index}` })) });
}
