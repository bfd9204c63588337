import { jsonProblem, storedJson, toldViolations } from '../engine/index.js';
import type {
  ClaimedStep,
  JsonValue,
  RegisteredEvent,
  StepEvent,
  StepReport,
  Violation,
} from '../engine/index.js';
import type { EventCondition } from '../templates/index.js';
import type { EventPublication } from './domain-event.publisher.js';
import type { EventPublisherRegistry } from './event-publisher.registry.js';
import type { RunnableStep } from './served-templates.js';
import { PermanentStepError } from './step-errors.js';

type Outcome = EventPublication['outcome'];

/**
 * The events that a step publishes with this report: those whose condition holds, each with a payload that fits its
 * schema.
 *
 * @throws PermanentStepError with code EVENT_SCHEMA where a payload does not fit; whatever a publisher throws
 */
export function stepEvents(
  claim: ClaimedStep,
  { template, step }: RunnableStep,
  report: StepReport,
  publishers: EventPublisherRegistry,
): readonly StepEvent[] {
  const outcome = outcomeOf(claim, report);
  return step.events
    .filter((event) => holds(event.template.condition, outcome))
    .flatMap((event) => {
      const publication = publicationOf(claim, template, report, outcome, event.template.name);
      const payload = payloadOf(event, publication, publishers);
      if (payload === undefined) return [];
      return [
        {
          name: event.template.name,
          deliveryMode: event.template.deliveryMode,
          payload,
          origin: publication,
        },
      ];
    });
}

/** SQL decides the same way whether a failure is the last: by what the report says and by the attempts counted. */
function outcomeOf({ attempt }: ClaimedStep, report: StepReport): Outcome {
  if (report.outcome === 'succeeded') return 'success';
  const { retryable, maxAttempts } = report.retry;
  return retryable && attempt < Math.max(maxAttempts, 1) ? 'retryable_failure' : 'permanent_failure';
}

function holds(condition: EventCondition, outcome: Outcome): boolean {
  if (condition === 'always') return true;
  if (condition === 'failure') return outcome !== 'success';
  return condition === outcome;
}

/** Undefined if the publisher publishes nothing this time. */
function payloadOf(
  event: RegisteredEvent,
  publication: EventPublication,
  publishers: EventPublisherRegistry,
): JsonValue | undefined {
  const { template } = event;
  if (template.publisher === null) {
    return fitting(event, publication.error === null ? publication.result : { ...publication.error });
  }
  const publisher = publishers.find(template.publisher);
  if (publisher === undefined) throw new Error(`There is no publisher "${template.publisher}"`);
  const payload = publisher.payload(publication);
  if (payload === undefined) return undefined;
  const problem = jsonProblem(payload);
  if (problem !== null) {
    throw schemaError(event, [{ path: `payload${problem.path}`, message: problem.message }]);
  }
  // Subscribers in this process get what the outbox gives to others.
  return fitting(event, storedJson(payload));
}

function fitting(event: RegisteredEvent, payload: JsonValue): JsonValue {
  const violations = event.checkPayload(payload, 'payload');
  if (violations.length > 0) throw schemaError(event, violations);
  return payload;
}

function schemaError({ template }: RegisteredEvent, violations: readonly Violation[]): PermanentStepError {
  return new PermanentStepError(
    `The payload of event "${template.name}" does not fit: ${toldViolations(violations)}`,
    { errorCode: 'EVENT_SCHEMA', errorType: 'EventSchemaError' },
  );
}

function publicationOf(
  claim: ClaimedStep,
  template: RunnableStep['template'],
  report: StepReport,
  outcome: Outcome,
  eventName: string,
): EventPublication {
  const failure = report.outcome === 'failed' ? report.failure : null;
  const result: JsonValue = report.outcome === 'succeeded' ? JSON.parse(report.resultJson) : null;
  return {
    eventName,
    outcome,
    namespace: template.namespace,
    templateName: template.name,
    templateVersion: template.version,
    stepName: claim.name,
    taskUuid: claim.taskUuid,
    correlationId: claim.correlationId,
    attempt: claim.attempt,
    context: claim.input.context,
    result,
    error:
      failure === null
        ? null
        : { message: failure.message, code: failure.error_code, type: failure.error_type },
  };
}
