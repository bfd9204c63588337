/**
 * Shifts what `Date` says in this process by CLOCK_SHIFT_MS. Imported before anything else, so that nobody has got hold of the
 * right clock by then.
 */
import process from 'node:process';

const shiftMs = Number(process.env['CLOCK_SHIFT_MS'] ?? 0);

if (shiftMs !== 0) {
  const now = Date.now.bind(Date);
  globalThis.Date = new Proxy(Date, {
    construct: (date, args) => Reflect.construct(date, args.length === 0 ? [now() + shiftMs] : args),
    get: (date, key) => (key === 'now' ? () => now() + shiftMs : Reflect.get(date, key)),
  });
  Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + shiftMs });
}
