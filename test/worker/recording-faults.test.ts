import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

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

describe('A result that the database does not take', () => {
  it('for what is in it fails its step, and no step that ended together with it', async () => {
    const { client } = await lab.worker({ handlers: { work: (step) => step.context['answer'] } });
    await refuseToStore('cursed', '22P05');
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
