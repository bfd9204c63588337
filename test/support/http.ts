export interface HttpAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Asks a service over HTTP, as any client does. */
export async function ask<Body = unknown>(
  url: string,
  path: string,
  body?: unknown,
): Promise<HttpAnswer<Body>> {
  const response = await fetch(new URL(path, url), {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const answer: Body = JSON.parse(await response.text());
  return { status: response.status, body: answer };
}
