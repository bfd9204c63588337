const POSTGRES_SCHEME = /^postgres(?:ql)?:\/\//;

/** Whether this is a PostgreSQL connection URL, the only kind of address that the service takes. */
export function isDatabaseUrl(value: unknown): boolean {
  return typeof value === 'string' && POSTGRES_SCHEME.test(value) && parse(value) !== null;
}

/**
 * A database URL that is fit for logs and error messages: no password, no query. Where it is unclear which part the
 * password is, nothing but the scheme is left.
 */
export function maskDatabaseUrl(value: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(value)?.[0] ?? '';
  const url = parse(value);
  if (url === null || scheme === '' || url.pathname.includes('@') || url.hash !== '') return `${scheme}***`;
  const login = url.username === '' && url.password === '' ? '' : `${url.username}:***@`;
  const query = url.search === '' ? '' : '?***';
  return `${scheme}${login}${url.host}${url.pathname}${query}`;
}

function parse(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}
