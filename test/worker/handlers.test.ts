import { Injectable, Module, Scope } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { StepHandler, TaskerModule } from '../../src/index.js';
import type { Task, TaskSequenceStep, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { handlerProvider, namespaceModule, requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

let lab: Lab;

afterEach(() => lab.close());

function moduleOf(
  namespace: string,
  providers: Provider[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  return {
    module: class HandlerModule {},
    imports: [TaskerModule.forFeature({ namespace }), ...(imports ?? [])],
    providers,
  };
}

async function start(workflows: readonly Workflow[], ...imports: DynamicModule[]): Promise<WorkerHandle> {
  lab = await Lab.open(...workflows);
  return lab.worker({ imports });
}

async function settle({ client }: WorkerHandle, of: Workflow): Promise<Task> {
  const { taskUuid } = await client.submit(requestFor(of));
  return client.waitFor(taskUuid);
}

async function results(worker: WorkerHandle, of: Workflow): Promise<unknown[]> {
  return (await settle(worker, of)).steps.map((step) => step.results?.result);
}

const one = workflow('one', { work: {} });

@Injectable()
class Greeting {
  readonly word: string = 'hello';
}

@StepHandler('work')
class GreetingHandler {
  constructor(private readonly greeting: Greeting) {}

  call(): string {
    return this.greeting.word;
  }

  shout(): string {
    return this.greeting.word.toUpperCase();
  }
}

let made = 0;

class Counted {
  readonly number: number;
  calls = 0;

  constructor() {
    made += 1;
    this.number = made;
  }

  call(): unknown {
    this.calls += 1;
    return [this.number, this.calls];
  }
}

@Injectable({ scope: Scope.REQUEST })
@StepHandler('work')
class RequestScoped extends Counted {}

@Injectable({ scope: Scope.TRANSIENT })
@StepHandler('work')
class Transient extends Counted {}

@StepHandler('work')
class Single extends Counted {}

@Injectable({ scope: Scope.REQUEST })
class PerAttempt extends Counted {}

@StepHandler('work')
class WithRequestScopedDependency {
  constructor(private readonly perAttempt: PerAttempt) {}

  call(): unknown {
    return this.perAttempt.call();
  }
}

describe('A handler is an ordinary provider', () => {
  it.each<[string, Provider[]]>([
    ['as a class', [Greeting, GreetingHandler]],
    ['useClass', [Greeting, { provide: 'HANDLER', useClass: GreetingHandler }]],
    ['useValue', [{ provide: 'HANDLER', useValue: new GreetingHandler(new Greeting()) }]],
    [
      'useFactory',
      [
        Greeting,
        {
          provide: 'HANDLER',
          inject: [Greeting],
          useFactory: async (greeting: Greeting) => new GreetingHandler(greeting),
        },
      ],
    ],
    [
      'useExisting beside the class',
      [Greeting, GreetingHandler, { provide: 'ALIAS', useExisting: GreetingHandler }],
    ],
  ])('%s', async (_, providers) => {
    expect(await results(await start([one], moduleOf('lab', providers)), one)).toEqual(['hello']);
  });

  it('with dependencies of another module', async () => {
    @Module({ providers: [Greeting], exports: [Greeting] })
    class GreetingModule {}
    const worker = await start([one], moduleOf('lab', [GreetingHandler], [GreetingModule]));
    expect(await results(worker, one)).toEqual(['hello']);
  });

  it.each<[string, Provider[], unknown[]]>([
    [
      'once, by default',
      [Single],
      [
        [1, 1],
        [1, 2],
        [1, 3],
      ],
    ],
    [
      'for each attempt, request-scoped',
      [RequestScoped],
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    ],
    [
      'for each attempt, transient',
      [Transient],
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    ],
    [
      'for each attempt, where what it needs is request-scoped',
      [PerAttempt, WithRequestScopedDependency],
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
    ],
  ])('is made %s', async (_, providers, expected) => {
    const worker = await start([one], moduleOf('lab', providers));
    made = providers.includes(Single) ? made : 0;
    const first = await results(worker, one);
    const answers = [...first, ...(await results(worker, one)), ...(await results(worker, one))];
    if (providers.includes(Single))
      expect(new Set(answers.map((answer) => JSON.stringify(answer).split(',')[0])).size).toBe(1);
    else expect(answers).toEqual(expected);
  });

  it('whose constructor fails for an attempt fails that attempt', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @StepHandler('work')
    class Broken {
      constructor() {
        throw new Error('can not be made');
      }

      call(): number {
        return 1;
      }
    }
    const task = await settle(await start([one], moduleOf('lab', [Broken])), one);
    expect(task.steps[0]?.results?.error?.message).toBe('can not be made');
  });
});

const answer = (key: string, text: string): Provider => handlerProvider(key, () => text);

describe('The handler of a step is found', () => {
  it('by its callable, before one by its name', async () => {
    const of = workflow('of', { work: { handler: { callable: 'shop.Worker' } } });
    const worker = await start(
      [of],
      moduleOf('lab', [answer('work', 'by name'), answer('shop.Worker', 'by callable')]),
    );
    expect(await results(worker, of)).toEqual(['by callable']);
  });

  it('by its name where nobody has the callable', async () => {
    const of = workflow('of', { work: { handler: { callable: 'Elsewhere::Worker' } } });
    expect(await results(await start([of], moduleOf('lab', [answer('work', 'by name')])), of)).toEqual([
      'by name',
    ]);
  });

  it('by a callable of another namespace’s module, where its own has none', async () => {
    const of = workflow('of', { work: { handler: { callable: 'shared.Worker' } } });
    const worker = await start(
      [of],
      moduleOf('lab', []),
      moduleOf('tools', [answer('shared.Worker', 'shared')]),
    );
    expect(await results(worker, of)).toEqual(['shared']);
  });

  it('not by the name of a step of another namespace', async () => {
    const mine = workflow('mine', { work: {} });
    const yours = workflow('yours', { work: {} }, { namespace: 'yours' });
    const worker = await start(
      [mine, yours],
      moduleOf('lab', [answer('work', 'mine')]),
      moduleOf('yours', [answer('work', 'yours')]),
    );
    expect(await results(worker, mine)).toEqual(['mine']);
    expect(await results(worker, yours)).toEqual(['yours']);
  });

  it('with the method that the template names', async () => {
    const of = workflow('of', { work: { handler: { callable: 'work', method: 'shout' } } });
    expect(await results(await start([of], moduleOf('lab', [Greeting, GreetingHandler])), of)).toEqual([
      'HELLO',
    ]);
  });

  it('with five methods of one class for five steps', async () => {
    @StepHandler('Ledger')
    class Ledger {
      private readonly entries: string[] = [];

      call(): readonly string[] {
        return this.entry('call');
      }

      open(): readonly string[] {
        return this.entry('open');
      }

      async book(step: TaskSequenceStep): Promise<readonly string[]> {
        await step.heartbeat();
        return this.entry('book');
      }

      check(step: TaskSequenceStep): readonly string[] {
        return this.entry(`check ${JSON.stringify(step.initialization['what'])}`);
      }

      close(): readonly string[] {
        return this.entry('close');
      }

      private entry(text: string): readonly string[] {
        this.entries.push(text);
        return [...this.entries];
      }
    }
    const methods = [
      { method: 'open' },
      { method: 'book' },
      {},
      { method: 'check', initialization: { what: 'all' } },
    ];
    const of = workflow(
      'of',
      Object.fromEntries(
        [...methods, { method: 'close' }].map((keys, index) => [
          `step_${index}`,
          {
            handler: { callable: 'Ledger', ...keys },
            dependencies: index === 0 ? [] : [`step_${index - 1}`],
          },
        ]),
      ),
    );
    expect((await results(await start([of], moduleOf('lab', [Ledger])), of)).at(-1)).toEqual([
      'open',
      'book',
      'call',
      'check "all"',
      'close',
    ]);
  });

  it('with several keys for several steps', async () => {
    @StepHandler('a', 'b')
    class Both {
      call({ workflowStep }: TaskSequenceStep): string {
        return workflowStep.name;
      }
    }
    const of = workflow('of', { a: {}, b: {} });
    expect(await results(await start([of], moduleOf('lab', [Both])), of)).toEqual(['a', 'b']);
  });
});

describe('The service does not start', () => {
  it('and names every step without exactly one handler, and the handlers that there are', async () => {
    lab = await Lab.open(
      workflow('first', { known: {}, missing: {}, also_missing: { handler: { callable: 'x.Y' } } }),
      workflow('second', { doubled: {}, methodless: { handler: { callable: 'known', method: 'run' } } }),
    );
    const starting = lab.worker({
      imports: [
        moduleOf('lab', [
          handlerProvider('known', () => 1),
          handlerProvider('doubled', () => 1),
          handlerProvider('doubled', () => 2),
        ]),
      ],
    });
    await expect(starting).rejects.toMatchObject({ code: 'HANDLERS_MISSING' });
    const message = await starting.catch((error: unknown) => String(error));
    for (const line of [
      /first-1\.0\.0\.yaml step "missing": no handler under "missing"/,
      /first-1\.0\.0\.yaml step "also_missing": no handler under its callable "x\.Y" or its name/,
      /second-1\.0\.0\.yaml step "doubled": 2 handlers: FunctionHandler in HandlerModule, FunctionHandler in HandlerModule/,
      /second-1\.0\.0\.yaml step "methodless": FunctionHandler has no method "run"/,
      /FunctionHandler in HandlerModule \[lab\]: known/,
    ]) {
      expect(message).toMatch(line);
    }
    expect(message).not.toMatch(/step "known"/);
  });

  it('but an api process does, which runs no steps', async () => {
    const of = workflow('of', { nobody_here: {} });
    lab = await Lab.open(of);
    const { client } = await lab.worker({ settings: { role: 'api' } });
    const { taskUuid } = await client.submit(requestFor(of));
    const worker = await lab.worker({
      imports: [namespaceModule('lab', { nobody_here: () => 'somebody there' })],
    });
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    expect(await worker.client.get(taskUuid)).toMatchObject({ status: 'complete' });
  });
});

describe('A module whose handlers nothing runs', () => {
  class BillingModule {}
  class SharedModule {}

  it('is named at the start with its handlers, and what its forFeature has to say', async () => {
    const warn = jest.fn();
    const shared = workflow('shared', { borrowed: {} }, { namespace: 'lab' });
    lab = await Lab.open(one, workflow('bill', { price: {}, send: {} }, { namespace: 'billing' }), shared);
    await lab.worker({
      logger: { log: () => undefined, error: () => undefined, warn },
      handlers: { work: () => 'done' },
      imports: [
        {
          module: BillingModule,
          providers: [handlerProvider('price', () => 1), handlerProvider('send', () => 2)],
        },
        // Its callable is named by a template of another module's namespace: that is allowed, and told nobody.
        { module: SharedModule, providers: [handlerProvider('borrowed', () => 3)] },
      ],
    });
    const told = warn.mock.calls
      .map(([line]) => String(line))
      .filter((line) => line.startsWith('Nothing runs'));
    expect(told).toEqual([
      'Nothing runs the step handlers of module BillingModule (FunctionHandler, FunctionHandler): it does not say ' +
        'which namespace they belong to. Add TaskerModule.forFeature({ namespace: "billing" }) to its imports',
    ]);
  });
});
