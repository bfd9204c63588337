import type { IncomingMessage, ServerResponse } from 'node:http';

import { MalformedJsonError, UnsupportedMediaTypeError } from './api.errors.js';
import { parseStrictJson } from './strict-json.parser.js';

/** The largest body that is read, in bytes, after decompression. */
export const MAX_BODY_BYTES = 1_048_576;

type Next = (error?: unknown) => void;
type RequestWithBody = IncomingMessage & { body?: unknown };

const JSON_TYPE = /^application\/(?:json|[\w.-]+\+json)$/i;
const UTF8 = new TextDecoder('utf-8', { fatal: true });
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i;

/** Refuses a body that is not announced as JSON in UTF-8, before any of it is read. */
export function requireJsonBody(request: IncomingMessage, _response: ServerResponse, next: Next): void {
  next(hasBody(request) ? findMediaTypeFault(request.headers['content-type'] ?? '') : undefined);
}

/** Puts a value in the place of the bytes that the raw body parser has read. */
export function parseJsonBody(request: RequestWithBody, _response: ServerResponse, next: Next): void {
  const { body } = request;
  if (!Buffer.isBuffer(body)) return next();
  try {
    // An announced body of no bytes is no body.
    request.body = body.length === 0 ? undefined : parseStrictJson(decodeUtf8(body));
  } catch (error) {
    return next(error);
  }
  return next();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function findMediaTypeFault(contentType: string): UnsupportedMediaTypeError | undefined {
  const [mediaType = ''] = contentType.split(';');
  const charset = CHARSET.exec(contentType)?.[1] ?? 'utf-8';
  if (JSON_TYPE.test(mediaType.trim()) && /^utf-?8$/i.test(charset)) return undefined;
  const found = contentType === '' ? 'no content type' : JSON.stringify(contentType.slice(0, 100));
  return new UnsupportedMediaTypeError(`Expected a body of type "application/json" in UTF-8, found ${found}`);
}

function decodeUtf8(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw new MalformedJsonError('The body is not valid JSON: its bytes are not UTF-8');
  }
}
