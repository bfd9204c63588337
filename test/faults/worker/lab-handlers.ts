import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import process from 'node:process';

import type { TaskSequenceStep } from '../../../src/index.js';
import type { HandlerFunction } from '../../support/workflows.js';
import type { History, HistoryLine } from '../history.js';
import { unkeepableAnswer } from './unkeepable-answers.js';

export interface LabOptions {
  readonly history: History;
  /** The token of the claim under which a step runs. */
  readonly tokenOf: (stepUuid: string) => string;
  /** A handler that holds has begun. */
  readonly onHolding: (taskUuid: string) => void;
  /** Milliseconds that ordinary handlers take, on average. */
  readonly workMs: number;
  /** For how long handlers of "block" block the process. */
  readonly blockMs: number;
}

/** Longer than two leases. */
const SLOW_MS = 5_000;

/** The handlers of all workflows. Each writes when it starts and how it ends, and gives back what tells this run from others. */
export class LabHandlers {
  private readonly let = new EventEmitter<{ go: [] }>().setMaxListeners(0);

  constructor(private readonly options: LabOptions) {}

  /** Lets the handlers go on that hold. */
  letGo(): void {
    this.let.emit('go');
  }

  /** By callable, all but these. */
  all(without: readonly string[]): Readonly<Record<string, HandlerFunction>> {
    const { workMs, blockMs } = this.options;
    const handlers: Readonly<Record<string, (step: TaskSequenceStep, nonce: string) => unknown>> = {
      work: () => lasting(workMs * Math.random() * 2),
      slow: () => lasting(SLOW_MS),
      // Its transaction begins in the middle of its work.
      pay: async (step, nonce) => {
        await lasting(workMs * Math.random());
        await step.transaction((client) =>
          client.query('INSERT INTO faults.effects (task_uuid, step, nonce) VALUES ($1, $2, $3)', [
            step.task.taskUuid,
            step.workflowStep.name,
            nonce,
          ]),
        );
        await lasting(workMs * Math.random());
      },
      flaky: (step) => {
        if (step.workflowStep.attempt < 3) throw new Error('not yet');
      },
      hold: async (step) => {
        this.options.onHolding(step.task.taskUuid);
        await once(this.let, 'go', { signal: step.signal });
      },
      block: () => {
        const until = performance.now() + blockMs;
        while (performance.now() < until) continue;
      },
      die: () => {
        process.kill(process.pid, 'SIGKILL');
        return new Promise(() => undefined);
      },
      answer: (step) => unkeepableAnswer(step.context['answer'], step),
    };
    return Object.fromEntries(
      Object.entries(handlers)
        .filter(([name]) => !without.includes(name))
        .map(([name, work]) => [name, this.recording(work)]),
    );
  }

  /** Does the work between two lines of history. What the work gives back is the answer; the nonce, where that is nothing. */
  private recording(work: (step: TaskSequenceStep, nonce: string) => unknown): HandlerFunction {
    const { history, tokenOf } = this.options;
    return async (step) => {
      const { stepUuid, name, attempt, lostCount } = step.workflowStep;
      const { taskUuid } = step.task;
      const line: Omit<HistoryLine, 'event'> = {
        pid: process.pid,
        taskUuid,
        step: name,
        token: tokenOf(stepUuid),
        attempt,
        lostCount,
        nonce: randomUUID(),
      };
      history.append({ event: 'start', ...line });
      try {
        const answer = (await work(step, line.nonce)) ?? { nonce: line.nonce };
        history.append({ event: 'end', ...line, outcome: 'returned' });
        return answer;
      } catch (error) {
        history.append({ event: 'end', ...line, outcome: 'threw' });
        throw error;
      }
    };
  }
}

async function lasting(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
