import { Injectable } from '@nestjs/common';
import { domainEventId, DomainEventBus } from '../domain-events/index.js';
import type { DomainEvent } from '../domain-events/index.js';
import { stepUuid } from '../engine/index.js';
import type { StepEvent, StepReport } from '../engine/index.js';
import { Notifier } from '../notifications/index.js';

/** Passes on the events of reports that are recorded: fast ones to this process, news of durable ones to every process. */
@Injectable()
export class EventRelay {
  constructor(
    private readonly bus: DomainEventBus,
    private readonly notifier: Notifier,
  ) {}

  relay(reports: readonly StepReport[]): void {
    let stored = 0;
    for (const report of reports) {
      for (const event of report.events ?? []) {
        if (event.deliveryMode !== 'fast') stored += 1;
        if (event.deliveryMode !== 'durable') this.bus.publishFast(fastEvent(report, event));
      }
    }
    if (stored === 0) return;
    this.bus.publishStored(stored);
    this.notifier.announceEvents();
  }
}

function fastEvent(
  { taskUuid, stepIndex, token }: StepReport,
  { name, payload, origin }: StepEvent,
): DomainEvent {
  const uuid = stepUuid(taskUuid, stepIndex);
  return {
    id: domainEventId(token, name),
    name,
    delivery: 'fast',
    payload,
    namespace: origin.namespace,
    templateName: origin.templateName,
    templateVersion: origin.templateVersion,
    taskUuid,
    stepUuid: uuid,
    stepName: origin.stepName,
    attempt: origin.attempt,
    correlationId: origin.correlationId,
    publishedAt: new Date(),
  };
}
