export type PathSegment = string | number;

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** `['steps', 2, 'retry']` as `steps[2].retry`; a key that could be misread is quoted: `["a.b"]`. */
export function formatPath(segments: readonly PathSegment[], root = ''): string {
  let path = root;
  for (const segment of segments) path = joinPath(path, segment);
  return path;
}

function joinPath(path: string, segment: PathSegment): string {
  if (typeof segment === 'number') return `${path}[${segment}]`;
  if (!PLAIN_KEY.test(segment)) return `${path}[${JSON.stringify(segment)}]`;
  return path === '' ? segment : `${path}.${segment}`;
}
