import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TemplateFolder, templateText } from './template-folder.js';
import { CLI_TEST_TIMEOUT_MS, runTemplatesCli } from './templates-cli.process.js';

jest.setTimeout(CLI_TEST_TIMEOUT_MS);

const ROOT = join(import.meta.dirname, '../..');

describe('templates graph', () => {
  let folder: TemplateFolder;

  beforeEach(async () => {
    folder = await TemplateFolder.create();
  });

  afterEach(() => folder.remove());

  it('draws a diamond', async () => {
    const steps = [
      { name: 'start' },
      { name: 'left', dependencies: ['start'] },
      { name: 'right', dependencies: ['start'] },
      { name: 'end', dependencies: ['left', 'right'] },
    ];
    await folder.write('diamond.yaml', templateText({ steps }));
    const { code, stdout } = await runTemplatesCli(folder.path, ['graph', 'diamond.yaml']);
    expect(code).toBe(0);
    expect(stdout).toBe(`flowchart LR
  s0["start"]
  s1["left"]
  s2["right"]
  s3["end"]
  s0 --> s1
  s0 --> s2
  s1 --> s3
  s2 --> s3
`);
    const again = await runTemplatesCli(folder.path, ['graph', 'diamond.yaml', '--direction', 'TD']);
    expect(again.stdout).toBe(stdout.replace('LR', 'TD'));
  });

  it('lets no name become anything but text', async () => {
    const steps = [
      { name: '"]; click s0 "javascript:alert(1)' },
      { name: '<img src=x>', dependencies: ['"]; click s0 "javascript:alert(1)'] },
      { name: '`**bold**`' },
      { name: 'a-b.c — 支付 #1;' },
    ];
    await folder.write('hostile.yaml', templateText({ steps }));
    const { stdout } = await runTemplatesCli(folder.path, ['graph', 'hostile.yaml']);
    expect(stdout.split('\n')).toEqual([
      'flowchart LR',
      '  s0["#34;#93;#59; click s0 #34;javascript#58;alert#40;1#41;"]',
      '  s1["#60;img src#61;x#62;"]',
      '  s2["#96;#42;#42;bold#42;#42;#96;"]',
      '  s3["a-b.c #8212; 支付 #35;1#59;"]',
      '  s0 --> s1',
      '',
    ]);
  });

  it.each([
    'linear_workflow/mathematical_sequence',
    'diamond_workflow/diamond_pattern',
    'tree_workflow/hierarchical_tree',
    'mixed_dag_workflow/complex_dag',
    'order_fulfillment/business_workflow',
  ])('draws %s as docs/examples.md shows it', async (template) => {
    const { code, stdout } = await runTemplatesCli(ROOT, ['graph', `config/tasks/${template}.yaml`]);
    expect(code).toBe(0);
    expect(await readFile(join(ROOT, 'docs/examples.md'), 'utf8')).toContain(
      `\`\`\`mermaid\n${stdout}\`\`\`\n`,
    );
  });

  it('tells the problems of a template instead', async () => {
    const steps = [
      { name: 'a', dependencies: ['b'] },
      { name: 'b', dependencies: ['a'] },
    ];
    await folder.write('circle.yaml', templateText({ steps }));
    const { code, stdout, stderr } = await runTemplatesCli(folder.path, ['graph', 'circle.yaml']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('steps wait for each other in a circle: a -> b -> a');
  });
});
