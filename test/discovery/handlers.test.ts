import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { ModuleMetadata } from '@nestjs/common';
import { HandlersMissingError, StepHandler, TaskerModule } from '../../src/index.js';
import type { JsonObject, StepHandlerContract, TaskSequenceStep } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';

const FEATURE = TaskerModule.forFeature({ namespace: 'lab' });

let created = 0;

@Injectable()
class Greeting {
  readonly word = 'hello';
}

@StepHandler('greet')
class GreetHandler implements StepHandlerContract {
  constructor(private readonly greeting: Greeting) {}

  call(step: TaskSequenceStep): string {
    return `${this.greeting.word} from ${step.workflowStep.name}`;
  }
}

@StepHandler('fresh')
@Injectable({ scope: Scope.REQUEST })
class FreshHandler implements StepHandlerContract {
  private readonly instance = (created += 1);

  constructor(@Inject(REQUEST) private readonly step: TaskSequenceStep) {}

  call(step: TaskSequenceStep): JsonObject {
    if (step.workflowStep.attempt === 1) throw new Error('once more');
    return { instance: this.instance, isItsStep: this.step === step };
  }
}

@StepHandler('passing')
@Injectable({ scope: Scope.TRANSIENT })
class PassingHandler implements StepHandlerContract {
  private readonly instance = (created += 1);

  call(): number {
    return this.instance;
  }
}

@StepHandler('one', 'two', 'rust::lab::Three')
class ManyHandler {
  call(step: TaskSequenceStep): string {
    return `call ${step.workflowStep.name}`;
  }

  four(step: TaskSequenceStep): string {
    return `four ${step.workflowStep.name}`;
  }
}

/** A module of namespace "lab", unless other imports are given. */
function moduleWith(providers: ModuleMetadata['providers'], imports: ModuleMetadata['imports'] = [FEATURE]) {
  class ProvidingModule {}
  Module({ imports, providers: providers ?? [] })(ProvidingModule);
  return ProvidingModule;
}

describe('finding handlers', () => {
  let lab: Lab | undefined;

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
    created = 0;
  });

  async function start(of: Workflow, ...imports: NonNullable<ModuleMetadata['imports']>) {
    lab = await Lab.open(of);
    return lab.worker({ imports });
  }

  async function results(
    of: Workflow,
    ...imports: NonNullable<ModuleMetadata['imports']>
  ): Promise<unknown[]> {
    const worker = await start(of, ...imports);
    const { taskUuid } = await worker.client.submit(requestFor(of));
    const task = await worker.client.waitFor(taskUuid);
    return task.steps.map((step) => step.results?.result);
  }

  it.each<[string, ModuleMetadata['providers']]>([
    ['a class', [Greeting, GreetHandler]],
    ['useClass under another token', [Greeting, { provide: 'GREET', useClass: GreetHandler }]],
    [
      'a factory',
      [Greeting, { provide: 'GREET', inject: [Greeting], useFactory: (g: Greeting) => new GreetHandler(g) }],
    ],
    ['a value', [{ provide: 'GREET', useValue: new GreetHandler(new Greeting()) }]],
    ['a class and an alias of it', [Greeting, GreetHandler, { provide: 'GREET', useExisting: GreetHandler }]],
  ])('takes a provider given as %s', async (_, providers) => {
    expect(await results(workflow('w', { greet: {} }), moduleWith(providers))).toEqual(['hello from greet']);
  });

  it('makes a request-scoped handler anew for each attempt, with the step as its request', async () => {
    const of = workflow('w', { fresh: { retry: { max_attempts: 2, backoff: 'none' } } });
    expect(await results(of, moduleWith([FreshHandler]))).toEqual([{ instance: 2, isItsStep: true }]);
  });

  it('makes a transient handler anew for each step', async () => {
    const of = workflow('w', {
      a: { handler: { callable: 'passing' } },
      b: { handler: { callable: 'passing' } },
    });
    const [first, second] = await results(of, moduleWith([PassingHandler]));
    expect(first).not.toBe(second);
  });

  it('chooses by callable, by step name, and by method: one class serves many steps', async () => {
    const of = workflow('w', {
      one: { handler: { callable: 'something.else' } },
      second: { handler: { callable: 'two' } },
      third: { handler: { callable: 'rust::lab::Three' } },
      fourth: { handler: { callable: 'one', method: 'four' } },
    });
    expect(await results(of, moduleWith([ManyHandler]))).toEqual([
      'call one',
      'call second',
      'call third',
      'four fourth',
    ]);
  });

  it('shares a handler between namespaces by its callable', async () => {
    const shared = moduleWith([Greeting, GreetHandler], []);
    const of = workflow('w', { hi: { handler: { callable: 'greet' } } });
    expect(await results(of, moduleWith([]), shared)).toEqual(['hello from hi']);
  });

  it('prefers the namespace’s own handler to a shared one', async () => {
    @StepHandler('greet')
    class OwnHandler {
      call(): string {
        return 'own';
      }
    }
    const shared = moduleWith([Greeting, GreetHandler], []);
    expect(await results(workflow('w', { greet: {} }), moduleWith([OwnHandler]), shared)).toEqual(['own']);
  });

  it('lists all that is missing or doubled at start, with the handlers that there are', async () => {
    const of = workflow('w', {
      greet: {},
      lost: {},
      gone: { handler: { callable: 'a.b.Gone' } },
      odd: { handler: { callable: 'one', method: 'five' } },
    });
    const starting = start(
      of,
      moduleWith([Greeting, GreetHandler, ManyHandler]),
      moduleWith([Greeting, GreetHandler]),
    );
    await expect(starting).rejects.toBeInstanceOf(HandlersMissingError);
    const message = await starting.then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(message).toMatch(/w-1\.0\.0\.yaml step "greet": 2 handlers: GreetHandler in .*, GreetHandler in /);
    expect(message).toMatch(/step "lost": no handler under "lost"/);
    expect(message).toMatch(/step "gone": no handler under its callable "a\.b\.Gone" or its name/);
    expect(message).toMatch(/step "odd": ManyHandler has no method "five"/);
    expect(message).toMatch(/ManyHandler in ProvidingModule \[lab\]: one, two, rust::lab::Three/);
  });

  it('claims only the namespaces that the settings name, and refuses one that nobody serves', async () => {
    const of = workflow('w', { greet: {} });
    lab = await Lab.open(of);
    const imports = [moduleWith([Greeting, GreetHandler])];
    await expect(lab.worker({ imports, settings: { namespaces: ['nowhere'] } })).rejects.toThrow(
      /TASKER_NAMESPACES names nowhere, which no module serves; modules serve: lab/,
    );
    const worker = await lab.worker({ imports, supportedNamespaces: ['lab'] });
    const { taskUuid } = await worker.client.submit(requestFor(of));
    expect((await worker.client.waitFor(taskUuid)).status).toBe('complete');
  });

  it('refuses a namespace that no template could have', () => {
    expect(() => TaskerModule.forFeature({ namespace: 'Not-A-Name' })).toThrow(/namespace "Not-A-Name"/);
  });
});
