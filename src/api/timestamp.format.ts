/** `2026-01-31T12:00:00.000Z` */
export function zoned(time: Date): string {
  return time.toISOString();
}

/** `2026-01-31T12:00:00.000000`, in UTC. */
export function naive(time: Date): string {
  return time.toISOString().replace('Z', '000');
}
