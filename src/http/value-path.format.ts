/** A key of an object, or an index of an array. */
export type PathSegment = string | number;

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;
const LONGEST_KEY_SHOWN = 80;

/** `['context', 'items', 2]` as `context.items[2]`; a key that could be misread is quoted, and `$` is the whole. */
export function formatPath(segments: readonly PathSegment[]): string {
  return segments.reduce<string>(appendSegment, '') || '$';
}

function appendSegment(path: string, segment: PathSegment): string {
  if (typeof segment === 'number') return `${path || '$'}[${segment}]`;
  // Keys come from outside, and a path ends up in answers and logs.
  const key = segment.length > LONGEST_KEY_SHOWN ? `${segment.slice(0, LONGEST_KEY_SHOWN)}…` : segment;
  if (!PLAIN_KEY.test(key)) return `${path || '$'}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
