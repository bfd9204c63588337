import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Program } from '../support/program.js';

/** It starts a dozen processes, and CI has a core or two. */
const PATIENCE_MS = 300_000;

const BENCH = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));

interface Measurement {
  readonly engine: string;
  readonly workload: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

function runBench(...args: readonly string[]): Program {
  const loader = fileURLToPath(new URL('../support/register-ts.mjs', import.meta.url));
  return new Program(['--import', loader, BENCH, ...args], { TASKER_LOG_LEVEL: 'error' });
}

/** Runs a benchmark at its smallest size. It checks the results of every task that it runs itself; time is not looked at. */
async function measure(...args: readonly string[]): Promise<readonly Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-bench-smoke-'));
  try {
    const file = join(folder, 'figures.json');
    const program = runBench('--smoke', '--json', file, ...args);
    const { code } = await program.exited;
    if (code !== 0) throw new Error(`The benchmark ended with exit code ${code}:\n${program.output}`);
    return JSON.parse(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function enginesOf(
  measurements: readonly Measurement[],
  workload: string,
  metric: string,
): readonly string[] {
  return measurements
    .filter((one) => one.workload === workload && one.metric === metric)
    .map(({ engine }) => engine);
}

afterEach(() => Program.killAll());

describe('npm run bench', () => {
  it(
    'runs every workload to the right results, through the service, a bare loop, and the minimal core',
    async () => {
      const measurements = await measure();

      expect(enginesOf(measurements, 'linear', 'steps_per_second')).toEqual([
        'tasker-nest',
        'loop',
        'ceiling',
      ]);
      expect(enginesOf(measurements, 'linear', 'lone_task_p50')).toEqual(['tasker-nest', 'loop', 'ceiling']);
      for (const workload of ['diamond', 'tree', 'mixed', 'fan', 'chain']) {
        expect(enginesOf(measurements, workload, 'steps_per_second')).toEqual(['tasker-nest', 'loop']);
      }
      expect(enginesOf(measurements, 'submit', 'bulk_tasks_per_second')).toEqual([
        'tasker-nest',
        'insert-select',
      ]);
      for (const { metric, value } of measurements) expect([metric, value >= 0]).toEqual([metric, true]);
    },
    PATIENCE_MS,
  );

  it(
    'compares what a step costs beside history, waiting steps, a long transaction and many namespaces',
    async () => {
      const measurements = await measure('--scale');

      const conditions = measurements
        .filter(({ metric }) => metric === 'buffers_per_step_ratio_to_empty_tables')
        .map(({ workload }) => workload);
      expect(conditions).toEqual([
        '2000 finished tasks, not analyzed',
        '2000 finished tasks, analyzed',
        '100 steps that wait for a retry',
        'a long transaction',
        '20 namespaces',
        '2000 finished tasks, after a restart',
      ]);
    },
    PATIENCE_MS,
  );

  it.each([
    ['--nonsense', /^bench: Unknown option '--nonsense'; the flags are --quick, .*--help$/],
    ['--parts=graph', /^bench: --parts takes some of linear, .*, hostile, not "graph"$/],
    ['--concurrency=0', /^bench: --concurrency takes a whole number from 1 to 10000, not "0"$/],
    ['--concurrency=10001', /^bench: --concurrency takes a whole number from 1 to 10000, not "10001"$/],
    ['--peers=boss', /^bench: --peers takes some of pg-boss, .*, openworkflow, not "boss"$/],
    ['--json=/none/there.json', /^bench: --json: cannot write \/none\/there.json: it does not exist$/],
  ])('says in a line what is wrong with %s, and what would be right', async (option, line) => {
    const program = runBench(option);
    expect(await program.exited).toMatchObject({ code: 2 });
    expect(program.output.trim()).toMatch(line);
  });
});
