/**
 * A worker in a process of its own that subscribes to every event from the beginning. What it is started with comes as JSON in
 * LAB_WORKER; it tells its parent the lengths of the payloads that it was given, once it has LAB_EVENTS of them.
 */
import process from 'node:process';

import { Injectable, Module } from '@nestjs/common';

import { OnDomainEvent, WorkerBootstrap } from '../../src/index.js';
import type { DomainEvent, WorkerBootstrapConfig } from '../../src/index.js';

export interface SubscriberMessage {
  readonly lengths: readonly number[];
}

const config: WorkerBootstrapConfig = JSON.parse(process.env['LAB_WORKER'] ?? '{}');
const expected = Number(process.env['LAB_EVENTS']);
const lengths: number[] = [];
// The process that started this one is gone.
process.on('disconnect', () => process.exit(3));

@Injectable()
class Subscriber {
  @OnDomainEvent('**', { name: 'all', from: 'beginning' })
  onEvent({ payload }: DomainEvent): void {
    lengths.push(JSON.stringify(payload).length);
    if (lengths.length === expected) process.send?.({ lengths } satisfies SubscriberMessage);
  }
}

@Module({ providers: [Subscriber] })
class SubscriberModule {}

await WorkerBootstrap.bootstrap({ logger: false, ...config, imports: [SubscriberModule] });
