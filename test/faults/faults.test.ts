import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { Program } from '../support/program.js';
import { HELD_BY_NPM_TEST, PROVEN_BY_NPM_TEST } from './selection.js';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

// All of them together take a minute or two; a machine that is busy with other things may take several.
jest.setTimeout(900_000);

/** The fault matrix from the command line, on a machine that may be busy: what is late here is not broken. */
async function faults(...options: readonly string[]): Promise<{ code: number | null; output: string }> {
  const program = Program.typescript(MAIN, {}, ['--untimed', '--lanes', '2', ...options]);
  const { code } = await program.exited;
  return { code, output: program.output };
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasker-faults-test-'));
});

afterEach(() => Program.killAll());

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('The fault matrix', () => {
  it('holds: workers killed and told to stop, answers lost, a deaf listener, one key for many', async () => {
    const json = join(folder, 'reports.json');
    const { code, output } = await faults('--scenario', HELD_BY_NPM_TEST.join(','), '--json', json);
    const failed = output.split('\n').filter((line) => /^(FAILED| {9})/.test(line));
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    const reports: unknown = JSON.parse(await readFile(json, 'utf8'));
    expect(reports).toHaveLength(HELD_BY_NPM_TEST.length);
    expect(reports).toContainEqual({
      scenario: 22,
      seed: 1,
      passed: true,
      violations: [],
      figures: expect.objectContaining({ tasks: 1, submits: 100 }),
    });
  });

  it('holds for frozen workers, conflicts, and a cancel at the end, and would notice an unfenced completion, a counter that counts twice, and a late answer that is accepted', async () => {
    const { code, output } = await faults('--prove', '--scenario', PROVEN_BY_NPM_TEST.join(','));
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('3 of 3 defects are noticed'),
    });
  });

  it.each([
    ['--nonsense', /^faults: Unknown option '--nonsense'; the flags are --scenario, .*--help$/],
    ['--seed=first', /^faults: --seed takes whole numbers, not "first"$/],
    ['--scenario=1,29', /^faults: --scenario takes some of 1, 2, .*, 28, not 29$/],
    ['29', /^faults: "29": expected flags alone, such as --scenario 1,2$/],
  ])('says in a line what is wrong with %s, and what would be right', async (option, line) => {
    const { code, output } = await faults(option);
    expect({ code, output: output.trim() }).toEqual({ code: 2, output: expect.stringMatching(line) });
  });
});
