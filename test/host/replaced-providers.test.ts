import { Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { TestingModule, TestingModuleBuilder } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import {
  DomainEventPublisher,
  OnDomainEvent,
  StepHandler,
  TaskClient,
  TaskerModule,
  TaskerWorker,
} from '../../src/index.js';
import type { DomainEvent, EventPublication, JsonValue, TaskSequenceStep } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const sale = workflow('sale', {
  price: {},
  book: {
    dependencies: ['price'],
    publishes_events: [
      { name: 'sale.booked', condition: 'success', delivery_mode: 'fast', publisher: 'sale_payload' },
    ],
  },
});

/** What the subscriber, or what stands in for it, was given. */
let heard: Happening<JsonValue>;

const text = (value: unknown): string => (typeof value === 'string' ? value : 'no text');

@StepHandler('price')
class PriceHandler {
  call(): JsonValue {
    return 'real price';
  }
}

@Injectable({ scope: Scope.REQUEST })
@StepHandler('book')
class BookHandler {
  call(step: TaskSequenceStep): JsonValue {
    return `booked ${text(step.dependency('price'))}`;
  }
}

@DomainEventPublisher('sale_payload')
class SalePublisher {
  payload({ result }: EventPublication): JsonValue | undefined {
    return `real payload: ${text(result)}`;
  }
}

@Injectable()
class SaleSubscriber {
  @OnDomainEvent('sale.*')
  onSale({ payload }: DomainEvent): void {
    heard.happen(`real subscriber: ${text(payload)}`);
  }
}

@Module({
  imports: [TaskerModule.forFeature({ namespace: 'lab' })],
  providers: [PriceHandler, BookHandler, SalePublisher, SaleSubscriber],
})
class SaleModule {}

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open(sale);
});
afterAll(() => lab.close());
beforeEach(() => {
  heard = new Happening();
});

type Replace = (builder: TestingModuleBuilder) => TestingModuleBuilder;

/** Starts an application some of whose providers are replaced. Rejects, with nothing left running, when the start is refused. */
async function start(replace: Replace): Promise<TestingModule> {
  const tasker = await TaskerModule.forRoot({
    databaseUrl: lab.databaseUrl,
    templatePaths: [lab.templates.path],
    shutdownTimeoutSeconds: 0,
  });
  const app = await replace(Test.createTestingModule({ imports: [tasker, SaleModule] })).compile();
  try {
    await app.init();
    await app.get(TaskerWorker).start();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** Runs a sale in such an application, and answers what its subscriber heard. */
async function heardWith(replace: Replace): Promise<JsonValue> {
  const app = await start(replace);
  try {
    const client = app.get(TaskClient);
    const { taskUuid } = await client.submit(requestFor(sale));
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    return await heard.happened;
  } finally {
    await app.close();
  }
}

/** The message of the refused start, or null if there was none. */
async function refusalOf(replace: Replace): Promise<string | null> {
  try {
    await (await start(replace)).close();
    return null;
  } catch (error) {
    return String(error);
  }
}

describe('A provider that a test replaces', () => {
  it('by values keeps the keys of handlers and publishers, and the events of subscribers', async () => {
    expect(
      await heardWith((builder) =>
        builder
          .overrideProvider(PriceHandler)
          .useValue({ call: () => 'fake price' })
          .overrideProvider(BookHandler)
          .useValue({ call: (step: TaskSequenceStep) => `faked ${text(step.dependency('price'))}` })
          .overrideProvider(SalePublisher)
          .useValue({ payload: ({ result }: EventPublication) => `fake payload: ${text(result)}` })
          .overrideProvider(SaleSubscriber)
          .useValue({
            onSale: ({ payload }: DomainEvent) => heard.happen(`fake subscriber: ${text(payload)}`),
          }),
      ),
    ).toBe('fake subscriber: fake payload: faked fake price');
  });

  it('by classes, request-scoped ones too', async () => {
    @Injectable()
    class FakePrice {
      call(): JsonValue {
        return 'class price';
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class FakeBook {
      call(step: TaskSequenceStep): JsonValue {
        return `classed ${text(step.dependency('price'))}`;
      }
    }
    class FakePublisher {
      payload({ result }: EventPublication): JsonValue {
        return `class payload: ${text(result)}`;
      }
    }
    class FakeSubscriber {
      onSale({ payload }: DomainEvent): void {
        heard.happen(`class subscriber: ${text(payload)}`);
      }
    }
    expect(
      await heardWith((builder) =>
        builder
          .overrideProvider(PriceHandler)
          .useClass(FakePrice)
          .overrideProvider(BookHandler)
          .useClass(FakeBook)
          .overrideProvider(SalePublisher)
          .useClass(FakePublisher)
          .overrideProvider(SaleSubscriber)
          .useClass(FakeSubscriber),
      ),
    ).toBe('class subscriber: class payload: classed class price');
  });

  it('by factories, with what these inject', async () => {
    expect(
      await heardWith((builder) =>
        builder
          .overrideProvider(PriceHandler)
          .useFactory({ factory: () => ({ call: () => 'made price' }) })
          // The handler that it replaces is request-scoped, and so is it: it may ask for the step as `REQUEST`.
          .overrideProvider(BookHandler)
          .useFactory({
            inject: [REQUEST],
            factory: (step: TaskSequenceStep) => ({ call: () => `made ${text(step.dependency('price'))}` }),
          })
          .overrideProvider(SalePublisher)
          .useFactory({
            factory: () => ({ payload: ({ result }: EventPublication) => `made payload: ${text(result)}` }),
          })
          .overrideProvider(SaleSubscriber)
          .useFactory({
            factory: () => ({
              onSale: ({ payload }: DomainEvent) => heard.happen(`made subscriber: ${text(payload)}`),
            }),
          }),
      ),
    ).toBe('made subscriber: made payload: made made price');
  });

  it('by a class with the same marks counts once', async () => {
    @StepHandler('price')
    class OtherPrice extends PriceHandler {
      override call(): JsonValue {
        return 'other price';
      }
    }
    class OtherSubscriber extends SaleSubscriber {}
    expect(
      await heardWith((builder) =>
        builder
          .overrideProvider(PriceHandler)
          .useClass(OtherPrice)
          .overrideProvider(SaleSubscriber)
          .useClass(OtherSubscriber),
      ),
    ).toBe('real subscriber: real payload: booked other price');
  });

  it.each([
    ['a handler without the method', PriceHandler, {}, /price": PriceHandler has no method "call"/],
    ['a publisher without payload', SalePublisher, {}, /SalePublisher.*has no method payload/],
  ])('is refused at start when it can not do the work: %s', async (_, replaced, value, message) => {
    await expect(heardWith((builder) => builder.overrideProvider(replaced).useValue(value))).rejects.toThrow(
      message,
    );
  });

  it.each([
    ['subscriber', SaleSubscriber, /SaleSubscriber is request-scoped or transient/],
    ['publisher', SalePublisher, /SalePublisher.*is request-scoped or transient/],
  ])(
    'is refused at start when it is a transient %s, which would have none of its dependencies',
    async (_, replaced, message) => {
      @Injectable({ scope: Scope.TRANSIENT })
      class Transient {}
      expect(await refusalOf((builder) => builder.overrideProvider(replaced).useClass(Transient))).toMatch(
        message,
      );
    },
  );
});
