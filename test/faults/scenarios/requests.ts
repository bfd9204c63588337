import { requestFor } from '../../support/workflows.js';
import type { World } from '../world/world.js';
import { UNKEEPABLE_ANSWERS } from '../worker/unkeepable-answers.js';
import { WORKFLOWS } from '../workflows.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const SUBMITS = 100;

async function oneKey(world: World): Promise<Figures> {
  // Some of the answers are lost on the way, so that some submits are repeats.
  const lose = { at: 'submit', when: 'after', action: 'lose', times: 3 } as const;
  const workers = await Promise.all([
    world.worker({ faultPoints: [lose] }),
    world.worker({ faultPoints: [{ ...lose, skip: world.random.below(5) }] }),
  ]);
  const request = { ...requestFor(WORKFLOWS.keyed, { amount: 7 }), idempotencyKey: `key-${world.seed}` };
  const from = performance.now();
  const answers = await Promise.all(
    workers.map((worker) =>
      worker.submit(
        Array.from({ length: SUBMITS / workers.length }, () => request),
        true,
      ),
    ),
  );
  const submitMs = Math.round(performance.now() - from);
  const ids = answers.flat();
  world.acknowledged.push(...new Set(ids));
  await world.settled();
  const { tasks } = await world.row<{ tasks: number }>('SELECT count(*)::integer AS tasks FROM tasker.tasks');
  promise(ids.length === SUBMITS, `${ids.length} of ${SUBMITS} submits were answered`);
  promise(new Set(ids).size === 1, `they were told ${new Set(ids).size} different ids`);
  promise(tasks === 1, `${tasks} tasks exist`);
  return { submits: SUBMITS, submit_ms: submitMs };
}

async function unkeepable(world: World): Promise<Figures> {
  const worker = await world.worker({ settings: { maxConcurrency: 2 } });
  const kinds = Object.entries(UNKEEPABLE_ANSWERS);
  const submitted = new Map<string, string>();
  for (const [answer, code] of world.random.shuffled(kinds)) {
    const [taskUuid] = await world.submit(['unkeepable'], 1, { answer });
    submitted.set(taskUuid ?? '', code);
  }
  // These come after them, and find free slots and a worker that lives.
  await world.submit(['chain', 'payment'], 10);
  await world.settled();
  const rows = await world.rows<{ task_uuid: string; state: number; code: string | null }>(
    `SELECT s.task_uuid, s.state, e.detail ->> 'error_code' AS code
     FROM tasker.steps s LEFT JOIN tasker.events e
       ON e.task_uuid = s.task_uuid AND e.step_index = s.step_index AND e.kind = 3
     WHERE s.name = 'answer'`,
  );
  for (const { task_uuid, state, code } of rows)
    promise(
      state === 5 && code === submitted.get(task_uuid),
      `a step ended in state ${state} with ${code} instead of ${submitted.get(task_uuid)}`,
    );
  const { unfinished } = await world.row<{ unfinished: number }>(
    `SELECT count(*)::integer AS unfinished FROM tasker.steps WHERE name <> 'answer' AND state <> 4`,
  );
  promise(unfinished === 0, `${unfinished} steps of others did not complete`);
  promise(worker.running, `the worker ended:\n${worker.output}`);
  return { refused_answers: rows.length };
}

export const REQUESTS: readonly Scenario[] = [
  {
    number: 22,
    name: '100 concurrent submits with one idempotency key',
    promise: 'one task, same id for all',
    run: oneKey,
  },
  {
    number: 23,
    name: 'handlers that answer what can’t be kept, throw a text, never settle, or reject too late',
    promise: 'step fails with a clear code; slot freed; the worker lives',
    run: unkeepable,
  },
];
