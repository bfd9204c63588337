import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TemplateLoader, TemplateLoadError, type TemplateProblem } from './index.js';

describe('loading template directories', () => {
  const loader = new TemplateLoader();
  let root = '';

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'templates-'));
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  async function write(path: string, content: string | Uint8Array): Promise<string> {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  async function problemsOf(...paths: readonly string[]): Promise<readonly string[]> {
    try {
      await loader.loadDirectories(paths.length === 0 ? [root] : paths);
    } catch (error) {
      if (!(error instanceof TemplateLoadError)) throw error;
      expect(error.code).toBe('TEMPLATE_LOAD_FAILED');
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    }
    return [];
  }

  async function namesIn(...paths: readonly string[]): Promise<readonly string[]> {
    return (await loader.loadDirectories(paths)).map(({ name }) => name);
  }

  it('finds .yaml and .yml files at any depth, in the order of their paths, and nothing else', async () => {
    await write('b/two.yml', template('two'));
    await write('b/deep/er/one.yaml', template('one'));
    await write('a.yaml', template('zero'));
    await write('notes.md', 'name: none');
    await write('a.yaml.bak', 'name: none');
    await write('.hidden.yaml', 'name: none');
    expect(await namesIn(root)).toEqual(['zero', 'one', 'two']);
  });

  it('names the file that a template came from', async () => {
    const file = await write('shop/pay.yaml', template('pay'));
    expect((await loader.loadDirectories([root]))[0]?.file).toBe(file);
  });

  it('tells the keys that it has ignored file by file, once all files are valid', async () => {
    const first = await write('a.yaml', template('one').replace('{', '{"owner": 1, '));
    const second = await write('b.yaml', template('two').replace('{', '{"owner": 1, "sla": 1, '));
    const told: string[] = [];
    const ignore = (key: TemplateProblem): void => void told.push(`${key.file} ${key.path}`);
    const loaded = await loader.loadDirectories([root], ignore);
    expect(loaded.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(told).toEqual([`${first} owner`, `${second} owner`, `${second} sla`]);
    await write('c.yaml', 'name: three');
    await expect(loader.loadDirectories([root], ignore)).rejects.toThrow(TemplateLoadError);
    expect(told).toHaveLength(3);
  });

  it('takes an empty directory for no templates, and a missing one for a mistake', async () => {
    expect(await loader.loadDirectories([root])).toEqual([]);
    const missing = join(root, 'nowhere');
    expect(await problemsOf(missing)).toEqual([
      `${missing}:1:1: cannot read the template directory: it does not exist`,
    ]);
    const file = await write('a.yaml', template('a'));
    expect(await problemsOf(file)).toEqual([
      `${file}:1:1: cannot read the template directory: it is not a directory`,
    ]);
  });

  it('tells the problems of all files and directories at once', async () => {
    const bad = await write('bad.yaml', template('Bad').replace('1.0.0', '1'));
    const empty = await write('empty.yaml', '');
    await write('good.yaml', template('good'));
    const missing = join(root, 'nowhere');
    expect(await problemsOf(root, missing)).toEqual([
      `${missing}:1:1: cannot read the template directory: it does not exist`,
      expect.stringContaining(`${bad}:1:9 name: expected a name`),
      expect.stringContaining(`${bad}:1:49 version: expected a version`),
      expect.stringContaining(`${empty}:1:1: the file is empty`),
    ]);
  });

  it('refuses one template in two files, naming both', async () => {
    const first = await write('a.yaml', template('pay'));
    const second = await write('b.yaml', template('pay'));
    expect(await problemsOf()).toEqual([`${second}:1:1: template shop/pay/1.0.0 is in ${first} already`]);
  });

  it('loads two versions of one template', async () => {
    await write('a.yaml', template('pay'));
    await write('b.yaml', template('pay').replace('1.0.0', '1.1.0'));
    expect(await namesIn(root)).toEqual(['pay', 'pay']);
  });

  it('loads a file once, however often directories and links lead to it', async () => {
    await write('real/a.yaml', template('a'));
    await symlink(root, join(root, 'real', 'circle'));
    await symlink(join(root, 'real', 'a.yaml'), join(root, 'z.yaml'));
    expect(await namesIn(root, join(root, 'real'), root)).toEqual(['a']);
  });

  it('loads a mounted Kubernetes ConfigMap, where every file lies behind two links', async () => {
    await write('..2026_11_24/pay.yaml', template('pay'));
    await symlink('..2026_11_24', join(root, '..data'));
    await symlink('..data/pay.yaml', join(root, 'pay.yaml'));
    expect(await namesIn(root)).toEqual(['pay']);
  });

  it('refuses what is no text, too large, or leads nowhere', async () => {
    await write('binary.yaml', new Uint8Array([0x6e, 0xff, 0xfe]));
    await write('large.yaml', `# ${'x'.repeat(1024 * 1024)}`);
    expect(await problemsOf()).toEqual([
      `${join(root, 'binary.yaml')}:1:1: cannot read the file: it is not UTF-8 text`,
      `${join(root, 'large.yaml')}:1:1: cannot read the file: it has 1048578 bytes; a template has at most 1048576`,
    ]);
    await symlink(join(root, 'gone'), join(root, 'dangling.yaml'));
    expect(await problemsOf()).toContain(
      `${join(root, 'dangling.yaml')}:1:1: cannot read the file: it does not exist`,
    );
  });

  it('passes over a byte order mark', async () => {
    await write('bom.yaml', `\uFEFF${template('pay')}`);
    expect(await namesIn(root)).toEqual(['pay']);
  });
});

function template(name: string): string {
  const steps = [{ name: 'a', handler: { callable: 'A' } }];
  return JSON.stringify({ name, namespace_name: 'shop', version: '1.0.0', steps });
}
