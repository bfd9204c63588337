const SUNDAY = 0;
const SATURDAY = 6;

/** The date so many business days after a time (both in UTC), as `2026-11-23`. Holidays are not known here. */
export function addBusinessDays(from: Date, days: number): string {
  const date = new Date(from);
  let left = days;
  while (left > 0) {
    date.setUTCDate(date.getUTCDate() + 1);
    const day = date.getUTCDay();
    if (day !== SATURDAY && day !== SUNDAY) left -= 1;
  }
  return date.toISOString().slice(0, 10);
}
