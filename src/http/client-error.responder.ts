import { Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import { answerHttpFailure } from './error-answer.mapper.js';

const STATUS_BY_ERROR: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
]);

/** Answers what never becomes a request, such as broken HTTP or headers that take too long, in the API's own shape. */
export function answerClientErrors(server: unknown): void {
  if (!(server instanceof Server)) return;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = STATUS_BY_ERROR.get(error.code ?? '') ?? 400;
    socket.end(responseText(status));
  });
}

function responseText(status: number): string {
  const reason = STATUS_CODES[status] ?? '';
  const body = JSON.stringify(answerHttpFailure(status, reason).body);
  return [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
