import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseDocument } from 'yaml';

/** The version of the shipped templates' copies. */
export const DERIVED = '0.0.1';

/**
 * A folder with copies of shipped templates under another version: without their `input_schema`, so that tasks come in that
 * a submit would have refused, and with retries that do not wait, in the environment that tests run in.
 */
export class DerivedTemplates {
  private constructor(readonly path: string) {}

  static async of(...names: readonly string[]): Promise<DerivedTemplates> {
    const path = await mkdtemp(join(tmpdir(), 'tasker-workflows-'));
    for (const name of names) {
      const template = parseDocument(await readFile(`config/tasks/${name}.yaml`, 'utf8'));
      template.set('version', DERIVED);
      template.delete('input_schema');
      template.set('environments', { test: { steps: [{ name: 'ALL', retry: { backoff: 'none' } }] } });
      await writeFile(join(path, name.replace('/', '.') + '.yaml'), template.toString());
    }
    return new DerivedTemplates(path);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
