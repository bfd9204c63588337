/** A key of an object, or an index of an array. */
export type PathSegment = string | number;

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;
const LONGEST_KEY_SHOWN = 80;

/** `['context', 'items', 2]` as `context.items[2]`; a key that could be misread is quoted, and `$` is the whole. */
export function formatPath(segments: readonly PathSegment[]): string {
  return segments.reduce<string>(appendSegment, '') || '$';
}

/** A path into a value, seen from what holds that value at `base`: `tasks[3]` and `context.sku` give `tasks[3].context.sku`. */
export function pathWithin(base: string, path: string): string {
  if (path === '$') return base;
  if (path.startsWith('$[')) return `${base}${path.slice(1)}`;
  return path.startsWith('[') ? `${base}${path}` : `${base}.${path}`;
}

function appendSegment(path: string, segment: PathSegment): string {
  if (typeof segment === 'number') return `${path || '$'}[${segment}]`;
  // Keys come from outside, and a path ends up in answers and logs.
  const key = segment.length > LONGEST_KEY_SHOWN ? `${segment.slice(0, LONGEST_KEY_SHOWN)}…` : segment;
  if (!PLAIN_KEY.test(key)) return `${path || '$'}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
