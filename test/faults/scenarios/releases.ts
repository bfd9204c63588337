import { setTimeout as delay } from 'node:timers/promises';

import { TemplateFolder, workflow } from '../../support/workflows.js';
import { eventually } from '../world/eventually.js';
import type { World } from '../world/world.js';
import { WORKFLOWS } from '../workflows.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

/** Another content of a workflow that there is: one step more. */
function changedHolding(version: string) {
  const work = { handler: { callable: 'work' } };
  return workflow(
    'holding',
    {
      hold: {},
      after: { ...work, dependencies: ['hold'] },
      more: { ...work, dependencies: ['after'] },
    },
    { version },
  );
}

async function changedTemplates(world: World): Promise<Figures> {
  const first = await world.worker();
  await world.submit(['holding'], 6);
  await first.told('holding', 6);
  await first.end();

  // The same version with another content: the process that would mix them refuses to start, and says why.
  const clash = await TemplateFolder.make([changedHolding('1.0.0')]);
  const refused = world.launch({ templates: clash });
  const { code } = await refused.exited;
  promise(
    code !== 0 && /give the new content a new version/.test(refused.output),
    `it said:\n${refused.output}`,
  );
  await clash.removeAll();

  // A release without the handler, nor the template: the steps wait, and the log says for what.
  const next = await TemplateFolder.make([changedHolding('2.0.0'), WORKFLOWS.lone]);
  const bare = await TemplateFolder.make([WORKFLOWS.lone]);
  const unable = await world.worker({ templates: bare, without: ['hold'] });
  promise(/Unfinished tasks of lab\/holding\/1\.0\.0 wait/.test(unable.output), `it said:\n${unable.output}`);
  const before = await unable.statistics();
  const watchedMs = 3_000;
  await delay(watchedMs);
  const after = await unable.statistics();
  const claims =
    (after.statements['tasker_claim_steps'] ?? 0) - (before.statements['tasker_claim_steps'] ?? 0);
  const waiting = await world.row<{ ready: number; starts: number }>(
    `SELECT count(*) FILTER (WHERE state = 1)::integer AS ready, sum(attempts)::integer AS starts
     FROM tasker.steps WHERE name = 'hold'`,
  );
  promise(waiting.ready === 6 && waiting.starts === 0, 'the steps that nobody serves are not simply ready');
  // It polls every 200 ms, four times as often while it does not hear yet.
  promise(claims <= (watchedMs / 200) * 5, `${claims} claims within ${watchedMs} ms: it loops hot`);

  // A release that has version 2 and the handler: what began under version 1 goes on under it.
  const able = await world.worker({ templates: next });
  await able.told('holding', 6);
  able.letGo();
  await world.settled();
  const { steps } = await world.row<{ steps: number }>(
    `SELECT max(t.count)::integer AS steps
     FROM (SELECT count(*) FROM tasker.steps WHERE state = 4 GROUP BY task_uuid) t`,
  );
  promise(steps === 2, `a task of version 1 has ${steps} steps`);
  await Promise.all([next, bare].map((folder) => folder.removeAll()));
  return { waiting: waiting.ready, claims_while_waiting: claims };
}

async function twoReleases(world: World): Promise<Figures> {
  const old = await world.worker({ enableWebApi: true, workMs: 100 });
  await world.submit(['chain', 'diamond', 'payment'], 200);
  await world.submit(['holding'], 4);
  await eventually('the old release works', () => world.history.read().length > 40);
  // What a newer release does when it starts: a migration, in one transaction, under load.
  const migration = await world.connect();
  await migration.query(
    `BEGIN;
     ALTER TABLE tasker.steps ADD COLUMN added_later text;
     ALTER TABLE tasker.tasks ADD COLUMN added_later integer NOT NULL DEFAULT 0;
     CREATE OR REPLACE FUNCTION tasker.schema_version() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 2';
     COMMIT`,
  );
  await migration.end();
  const ready = async () => fetch(`${old.url}/health/ready`);
  await eventually('the old release says that it claims no more', async () => (await ready()).status === 503);
  promise(/newer than version 1/.test(await (await ready()).text()), 'readiness does not say why');
  await eventually('the old release has reported what it ran', async () => {
    const { held } = await world.row<{ held: number }>(
      `SELECT count(*)::integer AS held FROM tasker.steps WHERE state = 2 AND name <> 'hold'`,
    );
    return held === 0;
  });
  const waiting = await world.row<{ ready: number }>(
    'SELECT count(*)::integer AS ready FROM tasker.steps WHERE state = 1',
  );
  promise(waiting.ready > 0, 'everything was done before the migration: too little to see anything');
  const next = await world.worker({ schemaVersion: 2 });
  old.letGo();
  const letGo = setInterval(() => next.letGo(), 100);
  try {
    await world.settled();
  } finally {
    clearInterval(letGo);
  }
  const end = await old.end();
  promise(end.code === 0, `the old release did not end in order:\n${old.output}`);
  const { unclean } = await world.row<{ unclean: number }>(
    'SELECT count(*)::integer AS unclean FROM tasker.events WHERE kind IN (2, 3, 4)',
  );
  promise(unclean === 0, `${unclean} attempts failed or were lost`);
  return { left_to_the_new_release: waiting.ready };
}

export const RELEASES: readonly Scenario[] = [
  {
    number: 25,
    name: 'template changed, or handler removed, with tasks under way',
    promise: 'pinned version runs on; a step nobody can serve waits visibly, never loops hot',
    run: changedTemplates,
  },
  {
    number: 28,
    name: 'two versions of the service during a migration',
    promise: 'the old one works or refuses; nothing corrupts',
    run: twoReleases,
  },
];
