const WIRE_NAMES: ReadonlyMap<string, string> = new Map([
  ['sourceSystem', 'source_system'],
  ['correlationId', 'correlation_id'],
  ['parentCorrelationId', 'parent_correlation_id'],
  ['idempotencyKey', 'idempotency_key'],
  ['claimTimeoutSeconds', 'claim_timeout_seconds'],
]);

/** A path into a `TaskRequest` as a path into what the client sent. The inside of a field is the client's already. */
export function toWirePath(path: string): string {
  return path.replace(/^\w+/, (field) => WIRE_NAMES.get(field) ?? field);
}
