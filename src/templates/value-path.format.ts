export type PathSegment = string | number;

/** Keys come from outside, and paths end up in answers and logs. */
const LONGEST_KEY_SHOWN = 80;
const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** `['steps', 2, 'retry']` as `steps[2].retry`; a key that could be misread is quoted: `["a.b"]`. */
export function formatPath(segments: readonly PathSegment[], root = ''): string {
  let path = root;
  for (const segment of segments) path = joinPath(path, segment);
  return path;
}

function joinPath(path: string, segment: PathSegment): string {
  if (typeof segment === 'number') return `${path}[${segment}]`;
  const key = segment.length > LONGEST_KEY_SHOWN ? `${segment.slice(0, LONGEST_KEY_SHOWN)}…` : segment;
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
