import { expect } from '@jest/globals';

import type { AttemptKey, ClaimedStep, CompletionAnswer } from '../../src/engine/index.js';
import { newTask, tokens } from './core-connection.js';
import type { ClaimWish, CoreConnection } from './core-connection.js';
import type { CoreDatabase } from './core-database.js';
import type { Random } from '../support/random.js';
import { failed, failedForGood, succeeded } from './reports.js';
import type { Report } from './reports.js';

/** What the crew works on, and what its members have seen of it. */
export interface Worksite {
  readonly core: CoreDatabase;
  readonly tasks: string[];
  readonly templates: readonly number[];
  /** Which attempt's success was taken, by task and step. */
  readonly taken: Map<string, string>;
  /** Steps in the longest of the templates. */
  readonly longest: number;
  /** Whether members may end tasks by cancelling them, and submit new ones. */
  readonly restless: boolean;
}

type Act = (member: CrewMember) => Promise<unknown>;

/**
 * A worker that does by chance everything that workers and operators do, the foolish things included: it forgets steps,
 * reports late and twice, and repeats calls. Every error that a call answers with is a failure of the test.
 */
export class CrewMember {
  private readonly held: ClaimedStep[] = [];
  private readonly forgotten: ClaimedStep[] = [];
  private lastCompletion: { reports: readonly Report[]; next: ClaimWish } | undefined;

  constructor(
    private readonly site: Worksite,
    private readonly connection: CoreConnection,
    private readonly random: Random,
  ) {}

  async work(acts: number): Promise<void> {
    const choices = weighted(this.site.restless ? [...ORDINARY, ...RESTLESS] : ORDINARY);
    for (let done = 0; done < acts; done += 1) {
      await choices[this.random.below(choices.length)]?.(this);
    }
  }

  async claim(): Promise<void> {
    this.take(await this.connection.claim(this.wish(8)));
  }

  async claimAlone(): Promise<void> {
    this.take(await this.connection.claimAlone(tokens(1)[0] ?? ''));
  }

  async complete(): Promise<void> {
    const reports = this.endings(this.pick(this.held));
    const next = this.wish(5);
    this.lastCompletion = { reports, next };
    this.recorded(reports, await this.connection.complete(reports, next));
  }

  /** As after a lost answer: the very same call again. */
  async repeat(): Promise<void> {
    if (this.lastCompletion === undefined) return;
    const { reports, next } = this.lastCompletion;
    this.recorded(reports, await this.connection.complete(reports, { ...next, repeated: true }));
  }

  async reportLate(): Promise<void> {
    const reports = this.endings(this.pick(this.forgotten));
    this.recorded(reports, await this.connection.complete(reports));
  }

  forget(): Promise<void> {
    this.forgotten.push(...this.pick(this.held));
    return Promise.resolve();
  }

  async extend(): Promise<void> {
    const lost = new Set(await this.connection.extend(this.held));
    const kept = this.held.filter((step) => !lost.has(step.token));
    this.forgotten.push(...this.held.filter((step) => lost.has(step.token)));
    this.held.splice(0, this.held.length, ...kept);
  }

  async release(): Promise<void> {
    await this.connection.release(this.pick(this.held));
  }

  async sweep(): Promise<void> {
    await this.connection.reclaim({ maxLost: 3, limit: 1 + this.random.below(20) });
  }

  async letTimePass(): Promise<void> {
    await this.site.core.leap(1 + this.random.below(4));
  }

  async read(): Promise<void> {
    await this.connection.rows('SELECT * FROM tasker.read_tasks($1)', [[this.someTask(), this.someTask()]]);
    await this.connection.rows('SELECT * FROM tasker.read_steps($1)', [this.someTask()]);
  }

  async reset(): Promise<void> {
    for (let tries = 0; tries < 5; tries += 1) await this.connection.reset(this.someTask(), this.someStep());
  }

  async resolve(): Promise<void> {
    await this.connection.resolve(this.someTask(), this.someStep());
  }

  async completeByHand(): Promise<void> {
    await this.connection.completeByHand(this.someTask(), this.someStep(), { by: 'hand' });
  }

  async cancel(): Promise<void> {
    await this.connection.cancel(this.someTask());
  }

  async submit(): Promise<void> {
    const template = this.site.templates[this.random.below(this.site.templates.length)] ?? 0;
    const tasks = Array.from({ length: 1 + this.random.below(4) }, () =>
      newTask({ template_id: template, priority: this.random.below(3) }),
    );
    await this.connection.submitAll(tasks);
    this.site.tasks.push(...tasks.map((task) => task.task_uuid));
  }

  /** Runs every task to its end, with nothing but successes and resets; answers with the statuses they end in. */
  async finishAll(): Promise<ReadonlySet<string>> {
    this.held.length = 0;
    for (let round = 0; round < 5_000; round += 1) {
      await this.site.core.leap(10);
      await this.connection.reclaim({ maxLost: 1_000 });
      this.take(await this.connection.claim({ slots: 100 }));
      if (this.held.length === 0) await this.claimAlone();
      if (this.held.length === 0 && !(await this.resetBlocked())) break;
      const reports = this.held.splice(0).map((step) => succeeded(step, step.token));
      this.recorded(reports, await this.connection.complete(reports, { slots: 100 }));
    }
    const rows = await this.connection.rows<{ status: string }>(
      'SELECT DISTINCT status FROM tasker.read_tasks($1)',
      [this.site.tasks],
    );
    return new Set(rows.map((row) => row.status));
  }

  private async resetBlocked(): Promise<boolean> {
    const blocked = await this.connection.rows<{ task_uuid: string; step_index: number }>(
      `SELECT s.task_uuid, s.step_index FROM tasker.tasks t JOIN tasker.steps s ON s.task_uuid = t.task_uuid
       WHERE t.status = 1 AND s.state = 5`,
    );
    for (const step of blocked) await this.connection.reset(step.task_uuid, step.step_index);
    return blocked.length > 0;
  }

  private take({ steps }: Pick<CompletionAnswer, 'steps'>): void {
    const known = new Set(this.held.map((step) => step.token));
    this.held.push(...steps.filter((step) => !known.has(step.token)));
  }

  private recorded(reports: readonly Report[], answer: CompletionAnswer): void {
    const unrecorded = new Set(answer.unrecorded.map((report) => report.token));
    for (const report of reports.filter(({ succeeded: ok, token }) => ok && !unrecorded.has(token))) {
      expect(this.site.taken.get(placeOf(report))).toBeUndefined();
      this.site.taken.set(placeOf(report), report.token);
    }
    this.take(answer);
  }

  /** One an attempt, though it may have been forgotten twice. */
  private endings(steps: readonly ClaimedStep[]): readonly Report[] {
    const attempts = new Map(steps.map((step) => [step.token, step]));
    return [...attempts.values()].map((step) => this.ending(step));
  }

  private ending(step: ClaimedStep): Report {
    const fate = this.random.below(10);
    if (fate === 0) return failedForGood(step);
    if (fate === 1) return failed(step);
    if (fate === 2) return failed(step, { backoff: 'linear', base_ms: 20_000 });
    return succeeded(step, step.token);
  }

  private wish(most: number): ClaimWish {
    return { tokens: tokens(this.random.below(most + 1)) };
  }

  /** Takes some of the steps out of the list. */
  private pick(steps: ClaimedStep[]): ClaimedStep[] {
    const all = this.random.shuffled(steps.splice(0));
    const picked = all.splice(0, this.random.below(all.length + 1));
    steps.push(...all);
    return picked;
  }

  private someTask(): string {
    return this.site.tasks[this.random.below(this.site.tasks.length)] ?? '';
  }

  private someStep(): number {
    return this.random.below(this.site.longest);
  }
}

/** Every step whose success was taken from an attempt holds that attempt's result. */
export async function expectResultsOfHolders(site: Worksite): Promise<void> {
  const rows = await site.core.rows<{ task_uuid: string; step_index: number; result: string }>(
    `SELECT s.task_uuid, s.step_index, s.result #>> '{}' AS result
     FROM tasker.steps s JOIN tasker.events e ON e.task_uuid = s.task_uuid AND e.step_index = s.step_index AND e.kind = 1`,
  );
  expect(
    new Map(rows.map((row) => [placeOf({ taskUuid: row.task_uuid, stepIndex: row.step_index }), row.result])),
  ).toEqual(site.taken);
}

function placeOf({ taskUuid, stepIndex }: Pick<AttemptKey, 'taskUuid' | 'stepIndex'>): string {
  return `${taskUuid}/${stepIndex}`;
}

function weighted(acts: readonly (readonly [act: Act, weight: number])[]): readonly Act[] {
  return acts.flatMap(([act, weight]) => Array.from({ length: weight }, () => act));
}

const ORDINARY: readonly (readonly [Act, number])[] = [
  [(member) => member.claim(), 6],
  [(member) => member.claimAlone(), 2],
  [(member) => member.complete(), 12],
  [(member) => member.repeat(), 2],
  [(member) => member.forget(), 1],
  [(member) => member.reportLate(), 2],
  [(member) => member.extend(), 2],
  [(member) => member.release(), 1],
  [(member) => member.sweep(), 2],
  [(member) => member.letTimePass(), 1],
  [(member) => member.read(), 1],
  [(member) => member.reset(), 2],
  [(member) => member.resolve(), 1],
];

const RESTLESS: readonly (readonly [Act, number])[] = [
  [(member) => member.completeByHand(), 1],
  [(member) => member.cancel(), 1],
  [(member) => member.submit(), 3],
];
