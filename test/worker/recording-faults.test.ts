import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { RetryableStepError } from '../../src/index.js';
import type { Task, TaskClient } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const one = workflow('one', { work: {} });

let lab: Lab;

beforeEach(async () => {
  lab = await Lab.open(one);
});

afterEach(() => lab.close());

/** From now on the database refuses to store a result that reads like this, with this SQLSTATE. */
async function refuseToStore(result: string, sqlState: string): Promise<void> {
  await lab.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'can not be stored' USING ERRCODE = '${sqlState}'; END $$`);
  await lab.rows(`CREATE TRIGGER refuse BEFORE UPDATE ON tasker.steps FOR EACH ROW
    WHEN (NEW.state = 4 AND NEW.result::text = '"${result}"') EXECUTE FUNCTION refuse()`);
}

/** As a database of another encoding than UTF8 refuses what it has no characters for. */
async function refuseWhatIsNotAscii(): Promise<void> {
  await lab.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF to_json(NEW)::text !~ '^[\\x20-\\x7e]*$' THEN
        RAISE EXCEPTION 'has no equivalent in encoding "LATIN1"' USING ERRCODE = '22P05';
      END IF;
      RETURN NEW;
    END $$`);
  for (const table of ['steps', 'events'])
    await lab.rows(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON tasker.${table}
      FOR EACH ROW EXECUTE FUNCTION refuse()`);
}

describe('A result that the database does not take', () => {
  it('for what is in it fails its step, and no step that ended together with it', async () => {
    const { client } = await lab.worker({ handlers: { work: (step) => step.context['answer'] } });
    await refuseToStore('cursed', '54000');
    const answers = ['fine', 'cursed', 'fine too', 'fine as well', 'cursed'];
    const outcomes = await client.submitMany(answers.map((answer) => requestFor(one, { answer })));
    const tasks = await Promise.all(
      outcomes.map((outcome) => {
        if ('error' in outcome) throw outcome.error;
        return client.waitFor(outcome.taskUuid);
      }),
    );
    expect(tasks.map(({ status }) => status)).toEqual([
      'complete',
      'blocked_by_failures',
      'complete',
      'complete',
      'blocked_by_failures',
    ]);
    expect(tasks[1]?.steps[0]?.results).toMatchObject({
      metadata: { error_code: 'INVALID_RESULT' },
      error: { retryable: false, message: expect.stringContaining('can not be stored') },
    });
  });

  it('for a reason that has no rule is made again: the step is not lost for ever, and not failed', async () => {
    const runs = new Happening();
    const { client } = await lab.worker({
      settings: { leaseSeconds: 1 },
      handlers: {
        work: (step) => {
          if (step.workflowStep.lostCount > 0) runs.happen();
          return 'paid';
        },
      },
    });
    await refuseToStore('paid', 'XX000');
    const { taskUuid } = await client.submit(requestFor(one));
    await runs.happened;
    await lab.rows('DROP TRIGGER refuse ON tasker.steps');
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete', steps: [{ attempts: 1 }] });
  });
});

describe('Text that the database’s encoding does not have', () => {
  const again = workflow('again', { work: { retry: { max_attempts: 2, backoff: 'none' } } });

  beforeEach(async () => {
    await lab.templates.write(again);
    await refuseAfterStart();
  });

  let answer: (attempt: number) => unknown;
  let client: TaskClient;

  async function refuseAfterStart(): Promise<void> {
    const worker = await lab.worker({ handlers: { work: (step) => answer(step.workflowStep.attempt) } });
    ({ client } = worker);
    await refuseWhatIsNotAscii();
  }

  async function settle(): Promise<Task> {
    const { taskUuid } = await client.submit(requestFor(again));
    return client.waitFor(taskUuid);
  }

  it('in a failure is replaced, and the step is tried again', async () => {
    answer = (attempt) => {
      if (attempt === 1)
        throw new RetryableStepError('10 € are missing', { context: { 'price €': 'a\\€\n' } });
      return 'paid';
    };
    const task = await settle();
    expect(task).toMatchObject({ status: 'complete', steps: [{ attempts: 2 }] });
    const [event] = await lab.rows(
      'SELECT detail FROM tasker.events WHERE task_uuid = $1 AND kind IN (2, 3)',
      [task.taskUuid],
    );
    expect(JSON.stringify(event)).toContain('10 ? are missing');
    expect(JSON.stringify(event)).toContain('price ?');
  });

  it('in the last failure is replaced, and the step ends in error', async () => {
    answer = () => {
      throw new Error('10 € are missing');
    };
    expect(await settle()).toMatchObject({
      status: 'blocked_by_failures',
      steps: [{ attempts: 2, results: { error: { message: '10 ? are missing', retryable: true } } }],
    });
  });

  it('in a result is a failure, and the step is tried again', async () => {
    answer = (attempt) => (attempt === 1 ? '10 €' : '10 EUR');
    expect(await settle()).toMatchObject({
      status: 'complete',
      steps: [{ attempts: 2, results: { result: '10 EUR' } }],
    });
  });
});

describe('A database that refuses to give out work', () => {
  it('is not asked without a pause, and work goes on once it gives', async () => {
    const { client } = await lab.worker({ handlers: { work: () => 1 }, settings: { pollIntervalMs: 500 } });
    const first = await client.submit(requestFor(one));
    await client.waitFor(first.taskUuid);

    const [{ definition } = { definition: '' }] = await lab.rows<{ definition: string }>(
      "SELECT pg_get_functiondef('tasker.claim_steps'::regproc) AS definition",
    );
    await lab.rows('CREATE SEQUENCE refusals');
    const [head = ''] = definition.split('\nAS $function$');
    await lab.rows(
      `${head} AS $$ BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'no work for you'; END $$`,
    );
    const { taskUuid } = await client.submit(requestFor(one));
    const refusals = async (): Promise<number> => {
      const [row] = await lab.rows<{ n: string }>('SELECT last_value AS n FROM refusals');
      return Number(row?.n);
    };
    const since = performance.now();
    await until('it has been refused for two seconds', async () => {
      return (await refusals()) >= 2 && performance.now() - since > 2_000;
    });
    expect(await refusals()).toBeLessThan(50);

    await lab.rows(definition);
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
  });
});
