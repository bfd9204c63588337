import { isUuid } from '../../engine/index.js';
import type { TaskRequest } from '../../engine/index.js';
import { HIGHEST_PRIORITY, type TaskRequestDto } from './task-request.dto.js';

/**
 * The engine's request for what a client sent; a null is as good as a field left out. Where it names no correlation id, the
 * id of the HTTP request serves, if that is a uuid: the task can then be found by what the client's own log says.
 */
export function toTaskRequest(dto: TaskRequestDto, requestId?: string): TaskRequest {
  const correlationId =
    dto.correlation_id ?? (requestId !== undefined && isUuid(requestId) ? requestId : null);
  return {
    namespace: dto.namespace,
    name: dto.name,
    version: dto.version,
    context: dto.context,
    ...(dto.initiator != null && { initiator: dto.initiator }),
    ...(dto.source_system != null && { sourceSystem: dto.source_system }),
    ...(dto.reason != null && { reason: dto.reason }),
    ...(dto.tags != null && { tags: dto.tags }),
    ...(dto.priority != null && { priority: Math.min(dto.priority, HIGHEST_PRIORITY) }),
    ...(correlationId !== null && { correlationId }),
    ...(dto.parent_correlation_id != null && { parentCorrelationId: dto.parent_correlation_id }),
    ...(dto.idempotency_key != null && { idempotencyKey: dto.idempotency_key }),
    ...(dto.claim_timeout_seconds != null && { claimTimeoutSeconds: dto.claim_timeout_seconds }),
    ...(dto.options != null && { options: dto.options }),
  };
}
