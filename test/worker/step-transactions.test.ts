import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { PermanentStepError } from '../../src/index.js';
import type { TaskSequenceStep } from '../../src/index.js';
import { aborted, Happening, until } from '../support/until.js';
import { Behaviours, impatient, once, strict } from './behaviours.js';
import type { Behaviour } from './behaviours.js';

jest.setTimeout(120_000);

let all: Behaviours;

beforeAll(async () => {
  all = await Behaviours.start({ settings: { maxConcurrency: 20, poolSize: 5, leaseSeconds: 1 } });
  await all.lab.rows(
    'CREATE TABLE ledger (note text, CONSTRAINT one_note UNIQUE (note) DEFERRABLE INITIALLY DEFERRED)',
  );
});

beforeEach(async () => {
  await all.lab.rows('TRUNCATE ledger');
});

afterAll(() => all.close());

async function ledger(): Promise<unknown[]> {
  const rows = await all.lab.rows<{ note: string }>('SELECT note FROM ledger ORDER BY note');
  return rows.map(({ note }) => note);
}

async function write(step: TaskSequenceStep, note: string): Promise<void> {
  await step.transaction((client) => client.query('INSERT INTO ledger VALUES ($1)', [note]));
}

/** Until nothing is open any more in a transaction of the worker's pool. */
async function untilNothingIsOpen(): Promise<void> {
  await until('no transaction is open', async () => {
    const open = await all.lab.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tasker-nest pool%'
        AND state <> 'idle'`,
    );
    return open.length === 0;
  });
}

describe('What a handler writes in step.transaction', () => {
  it('is there as soon as the step is complete, and not before', async () => {
    const written = new Happening();
    const goOn = new Happening();
    const taskUuid = await all.submit(once, async (step) => {
      await write(step, 'paid');
      written.happen();
      await goOn.happened;
      return 'ok';
    });
    await written.happened;
    expect(await ledger()).toEqual([]);
    goOn.happen();
    expect(await all.worker.client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    expect(await ledger()).toEqual(['paid']);
  });

  it('belongs together with what a second call writes', async () => {
    const step = await all.step(once, async (sequenceStep) => {
      await Promise.all([write(sequenceStep, 'one'), write(sequenceStep, 'two')]);
      return sequenceStep.transaction(async (client) => {
        const { rows } = await client.query<{ note: string }>('SELECT note FROM ledger ORDER BY note');
        return rows.map(({ note }) => note);
      });
    });
    expect(step.results?.result).toEqual(['one', 'two']);
    expect(await ledger()).toEqual(['one', 'two']);
  });

  it.each<[string, typeof once, Behaviour, string]>([
    ['the handler throws', once, () => Promise.reject(new Error('no')), 'HANDLER_ERROR'],
    [
      'the handler fails for good',
      once,
      () => Promise.reject(new PermanentStepError('no')),
      'PERMANENT_ERROR',
    ],
    ['the handler runs into its timeout', impatient, () => new Promise(() => undefined), 'TIMEOUT'],
    ['the result can not be kept', once, () => undefined, 'INVALID_RESULT'],
    ['the result breaks its schema', strict, () => ({ total: 'x' }), 'RESULT_SCHEMA'],
  ])('is gone where %s', async (_, of, end, code) => {
    await all.expectFailure(
      of,
      async (step) => {
        await write(step, 'gone');
        return end(step);
      },
      code,
      /./,
    );
    await untilNothingIsOpen();
    expect(await ledger()).toEqual([]);
  });

  it('is gone where a statement in it failed, even if the handler passes over that', async () => {
    await all.expectFailure(
      once,
      async (step) => {
        await write(step, 'gone');
        await step.transaction((client) => client.query('SELECT 1/0')).catch(() => undefined);
        return 'fine';
      },
      'HANDLER_ERROR',
      /aborted/,
    );
    expect(await ledger()).toEqual([]);
  });

  it('is gone, and the step failed, where a constraint speaks up at the commit', async () => {
    await all.lab.rows("INSERT INTO ledger VALUES ('taken')");
    await all.expectFailure(
      once,
      async (step) => {
        await write(step, 'taken');
        return 'fine';
      },
      'HANDLER_ERROR',
      /one_note/,
    );
    expect(await ledger()).toEqual(['taken']);
  });

  it('is gone where the task is cancelled meanwhile', async () => {
    const written = new Happening();
    const taskUuid = await all.submit(once, async (step) => {
      await write(step, 'gone');
      written.happen();
      await aborted(step.signal);
      return 'too late';
    });
    await written.happened;
    expect(await all.worker.client.cancel(taskUuid)).toMatchObject({ status: 'cancelled' });
    await untilNothingIsOpen();
    expect(await ledger()).toEqual([]);
  });
});

describe('After the step has ended its transaction can’t be reached', () => {
  it('by a handler that goes on past its timeout', async () => {
    const refused = new Happening<unknown>();
    await all.expectFailure(
      impatient,
      (step) =>
        step.transaction(async (client) => {
          await aborted(step.signal);
          await untilNothingIsOpen();
          await client
            .query("INSERT INTO ledger VALUES ('late')")
            .catch((error: unknown) => refused.happen(error));
        }),
      'TIMEOUT',
      /./,
    );
    expect(String(await refused.happened)).toMatch(/has ended/);
    expect(await ledger()).toEqual([]);
  });

  it('by what goes on beside a part that failed', async () => {
    const goOn = new Happening();
    const late = new Happening<unknown>();
    await all.expectFailure(
      once,
      (step) =>
        Promise.all([
          step.transaction(async (client) => {
            await goOn.happened;
            await client
              .query("INSERT INTO ledger VALUES ('late')")
              .catch((error: unknown) => late.happen(error));
          }),
          Promise.reject(new Error('no')),
        ]),
      'HANDLER_ERROR',
      /^no$/,
    );
    goOn.happen();
    expect(String(await late.happened)).toMatch(/has ended/);
    expect(await ledger()).toEqual([]);
  });

  it('by a first call that comes too late', async () => {
    const refused = new Happening<unknown>();
    await all.expectFailure(
      impatient,
      async (step) => {
        await aborted(step.signal);
        await write(step, 'late').catch((error: unknown) => refused.happen(error));
      },
      'TIMEOUT',
      /./,
    );
    expect(await refused.happened).toMatchObject({ code: 'TIMEOUT' });
    expect(await ledger()).toEqual([]);
  });
});

describe('Transactions share the pool', () => {
  it('a connection that breaks in one costs the step neither an attempt nor its effect', async () => {
    let runs = 0;
    const step = await all.step(once, async (sequenceStep) => {
      runs += 1;
      await write(sequenceStep, 'kept');
      if (runs > 1) return 'second';
      const pid = await sequenceStep.transaction(async (client) => {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        return rows[0]?.pid;
      });
      await all.lab.rows('SELECT pg_terminate_backend($1, 10000)', [pid]);
      return 'first';
    });
    expect(step).toMatchObject({
      state: 'complete',
      attempts: 1,
      lostCount: 0,
      results: { result: 'second' },
    });
    expect(await ledger()).toEqual(['kept']);
  });

  it('a handler that passes on that its connection broke, as it is or in an error of its own, spends no attempt', async () => {
    let runs = 0;
    const step = await all.step(once, async (sequenceStep) => {
      runs += 1;
      await write(sequenceStep, 'kept');
      if (runs > 2) return 'third';
      const broken = sequenceStep.transaction((client) =>
        client.query('SELECT pg_terminate_backend(pg_backend_pid())'),
      );
      if (runs === 1) return broken;
      try {
        return await broken;
      } catch (cause) {
        throw new Error('the ledger could not be written', { cause });
      }
    });
    expect(step).toMatchObject({
      state: 'complete',
      attempts: 1,
      lostCount: 0,
      results: { result: 'third' },
    });
    expect(await ledger()).toEqual(['kept']);
  });

  it('a connection to a server that only reads is given to nobody else, and spends no attempt', async () => {
    let runs = 0;
    const step = await all.step(once, async (sequenceStep) => {
      runs += 1;
      if (runs === 1)
        await sequenceStep.transaction((client) =>
          client.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET TRANSACTION READ ONLY'),
        );
      await write(sequenceStep, 'kept');
      return runs;
    });
    expect(step).toMatchObject({ state: 'complete', attempts: 1, results: { result: 2 } });
    expect(await ledger()).toEqual(['kept']);
  });

  it('a handler that says what is to follow is taken at its word, also where its connection broke', async () => {
    const step = await all.step(once, async (sequenceStep) => {
      try {
        await sequenceStep.transaction((client) =>
          client.query('SELECT pg_terminate_backend(pg_backend_pid())'),
        );
      } catch (cause) {
        throw Object.assign(new PermanentStepError('without the ledger there is no point'), { cause });
      }
    });
    expect(step).toMatchObject({ state: 'error', attempts: 1 });
  });

  it('in which more are open than there are connections', async () => {
    const tasks = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        all.settle(once, async (step) => {
          await write(step, `note ${String(index).padStart(2, '0')}`);
          return index;
        }),
      ),
    );
    expect(new Set(tasks.map((task) => task.status))).toEqual(new Set(['complete']));
    expect(await ledger()).toHaveLength(20);
  });
});
