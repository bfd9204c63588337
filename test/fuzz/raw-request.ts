import { Agent, request } from 'node:http';

/** A request as it goes over the wire: the path is not tidied up, the body is bytes. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

export interface RawAnswer {
  readonly status: number;
  readonly mediaType: string;
  readonly text: string;
}

/** Nothing that is sent here keeps a client waiting on purpose. */
const PATIENCE_MS = 20_000;

const agent = new Agent({ keepAlive: true });

/** Sends a request and reads its answer; of an event stream only that it has begun. Rejects where none comes. */
export function send(url: string, { method, path, headers, body }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(url), { method, path, headers, agent, timeout: PATIENCE_MS });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer within ${PATIENCE_MS} ms`)));
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const [mediaType = ''] = (response.headers['content-type'] ?? '').split(';');
      const status = response.statusCode ?? 0;
      if (mediaType === 'text/event-stream') {
        outgoing.off('error', reject).on('error', () => undefined);
        resolve({ status, mediaType, text: '' });
        outgoing.destroy();
        return;
      }
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status, mediaType, text: Buffer.concat(chunks).toString() }));
    });
    if (body !== null) outgoing.write(body);
    outgoing.end();
  });
}

export function closeConnections(): void {
  agent.destroy();
}
