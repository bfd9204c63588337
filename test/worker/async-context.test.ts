import { AsyncLocalStorage } from 'node:async_hooks';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, Scope } from '@nestjs/common';

import { DomainEventPublisher, OnDomainEvent, StepHandler, TaskerModule } from '../../src/index.js';
import type { DomainEventPublisherContract, TaskSequenceStep, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { aborted, Happening, until } from '../support/until.js';
import { handlerProvider, requestFor, workflow } from '../support/workflows.js';

/** What a host keeps for each of its requests. */
const requests = new AsyncLocalStorage<string>();

/** Which request each piece of a user's code saw, by the piece. */
const seen = new Map<string, (string | undefined)[]>();
function look(piece: string): void {
  seen.set(piece, [...(seen.get(piece) ?? []), requests.getStore()]);
}

const both = workflow('both', {
  speak: {
    publishes_events: [{ name: 'said.aloud', publisher: 'words', delivery_mode: 'broadcast' }],
  },
});
const scoped = workflow('scoped', { made_anew: {} });
const leaving = workflow('leaving', { leave_mark: {} });
const reading = workflow('reading', {
  speak: {},
  middle: { dependencies: ['speak'] },
  reader: { dependencies: ['middle'] },
});
const slow = workflow('slow', { hang: {} });
const late = workflow('late', { be_late: { timeout_seconds: 1 } });

let began = new Happening();
let end = new Happening();

@Injectable()
class Listener {
  @OnDomainEvent('said.*')
  onSaid({ delivery }: { readonly delivery: string }): void {
    look(`subscriber, ${delivery}`);
    requests.enterWith('left by a subscriber');
  }
}

@DomainEventPublisher('words')
class Words implements DomainEventPublisherContract {
  payload(): string {
    look('publisher');
    requests.enterWith('left by a publisher');
    return 'hello';
  }
}

@StepHandler('made_anew')
@Injectable({ scope: Scope.REQUEST })
class MadeAnew {
  constructor() {
    look('constructor of a request-scoped handler');
  }

  call(): number {
    look('request-scoped handler');
    return 1;
  }
}

@Module({
  imports: [TaskerModule.forFeature({ namespace: 'lab' })],
  providers: [
    Listener,
    Words,
    MadeAnew,
    handlerProvider('speak', () => {
      look('handler');
      return 1;
    }),
    handlerProvider('leave_mark', () => {
      look('handler after another one has entered a context');
      requests.enterWith('left by a handler');
      return 1;
    }),
    handlerProvider('middle', () => 1),
    handlerProvider('reader', async (step) => {
      await requests.run('of its own', () => step.result('speak'));
      look('handler that has read a result');
      return 1;
    }),
    handlerProvider('hang', async (step) => {
      step.signal.addEventListener('abort', () => look('listener of the signal'));
      began.happen();
      await aborted(step.signal);
    }),
    handlerProvider('be_late', async ({ signal }: TaskSequenceStep) => {
      signal.addEventListener('abort', () => look('listener of the signal, at a timeout'));
      await end.happened;
    }),
  ],
})
class ContextModule {}

describe('The AsyncLocalStorage of a host', () => {
  let lab: Lab;
  let worker: WorkerHandle;

  beforeAll(async () => {
    lab = await Lab.open(both, scoped, leaving, reading, slow, late);
    worker = await lab.worker({
      imports: [ContextModule],
      settings: { maxConcurrency: 1, leaseSeconds: 1, poolSize: 6 },
    });
  });

  afterAll(() => lab.close());

  /** Submits tasks at once, each within a request of its own, and waits for their ends there. */
  async function submitAs(of: typeof both, ...names: readonly string[]): Promise<void> {
    seen.clear();
    await Promise.all(
      names.map((name) =>
        requests.run(name, async () => {
          const { taskUuid } = await worker.client.submit(requestFor(of));
          expect(requests.getStore()).toBe(name);
          await worker.client.waitFor(taskUuid);
          expect(requests.getStore()).toBe(name);
        }),
      ),
    );
  }

  it('is as at the start of the application in handlers, publishers and subscribers', async () => {
    await submitAs(both, 'alice', 'bob', 'carol');
    const none = [undefined, undefined, undefined];
    await until('all events have arrived', () =>
      ['durable', 'fast'].every((kind) => seen.get(`subscriber, ${kind}`)?.length === 3),
    );
    expect(Object.fromEntries(seen)).toEqual({
      handler: none,
      publisher: none,
      'subscriber, durable': none,
      'subscriber, fast': none,
    });
  });

  it('is so in a request-scoped handler and its constructor', async () => {
    await submitAs(scoped, 'alice', 'bob');
    expect(Object.fromEntries(seen)).toEqual({
      'constructor of a request-scoped handler': [undefined, undefined],
      'request-scoped handler': [undefined, undefined],
    });
  });

  it('is not what another handler has entered and not left', async () => {
    await submitAs(leaving, 'alice', 'bob', 'carol');
    expect(seen.get('handler after another one has entered a context')).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is so after a result was read that several handlers asked for', async () => {
    await submitAs(reading, 'alice');
    expect(seen.get('handler that has read a result')).toEqual([undefined]);
  });

  it('is so in a listener of the signal, of a cancelled task and at a timeout', async () => {
    seen.clear();
    began = new Happening();
    await requests.run('alice', async () => {
      const { taskUuid } = await worker.client.submit(requestFor(slow));
      await began.happened;
      await worker.client.cancel(taskUuid);
    });
    expect(await until('the signal fires', () => seen.get('listener of the signal'))).toEqual([undefined]);

    end = new Happening();
    await submitAs(late, 'bob');
    end.happen();
    expect(seen.get('listener of the signal, at a timeout')).toEqual([undefined]);
  });

  it('is so in what the engine logs by itself, also on connections that a request has opened', async () => {
    const lines: [string, string | undefined][] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (message: unknown) => lines.push([String(message), requests.getStore()]),
      debug: (message: unknown) => lines.push([String(message), requests.getStore()]),
    });
    try {
      // Reads of a request; the pool has to open connections for them.
      await requests.run('alice', () =>
        Promise.all(Array.from({ length: 12 }, () => worker.client.submit(requestFor(scoped)))),
      );
      await requests.run('bob', async () => {
        const { taskUuid } = await worker.client.submit(requestFor(scoped));
        await Promise.all(Array.from({ length: 12 }, () => worker.client.get(taskUuid)));
      });
      await lab.rows(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'tasker-nest pool%'`,
      );
      await until('the pool tells of its broken connections', () =>
        lines.some(([line]) => line.includes('connection broke')),
      );
    } finally {
      Logger.overrideLogger(false);
    }
    expect(lines.filter(([, request]) => request !== undefined)).toEqual([]);
  });
});

describe('Steps that start in one turn', () => {
  it('see nothing of what the publisher of another one has entered', async () => {
    const lab = await Lab.open(both);
    try {
      const worker = await lab.worker({ imports: [ContextModule], settings: { maxConcurrency: 20 } });
      seen.clear();
      const submitted = await worker.client.submitMany([1, 2, 3, 4, 5].map(() => requestFor(both)));
      for (const outcome of submitted)
        if ('taskUuid' in outcome) await worker.client.waitFor(outcome.taskUuid);
      expect(seen.get('handler')).toEqual(Array.from({ length: 5 }, () => undefined));
      expect(seen.get('publisher')).toEqual(Array.from({ length: 5 }, () => undefined));
    } finally {
      await lab.close();
    }
  });
});
