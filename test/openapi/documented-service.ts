import { stepUuid } from '../../src/engine/index.js';
import { UNKNOWN_UUID } from '../api/api-lab.js';
import type { ApiDocument, DocumentedOperation } from './api-document.js';

export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** A task that is not there. */
const NOBODY = {
  uuid: UNKNOWN_UUID,
  stepUuid: stepUuid(UNKNOWN_UUID, 0),
  namespace: 'lab',
  name: 'nobody',
  version: '1.0.0',
};

/** Asks a service for operations of its document, and holds every answer against it. */
export class DocumentedService {
  /** `operation status` of every answer so far. */
  readonly seen = new Set<string>();
  readonly faults: string[] = [];

  constructor(private readonly document: ApiDocument) {}

  async ask(url: string, id: string, asked: Asked = {}): Promise<Answered> {
    const operation = this.document.operation(id);
    const { headers = {}, body } = asked;
    const answer = await fetch(`${url}${pathOf(operation, asked)}`, {
      method: operation.method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const [mediaType = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const text = await answer.text();
    const value: unknown = mediaType === 'application/json' ? JSON.parse(text) : text;
    this.seen.add(`${id} ${answer.status}`);
    this.faults.push(...this.document.faultsOfAnswer(operation, answer.status, mediaType, value));
    if (answer.headers.get('x-request-id') === null) this.faults.push(`${id}: no X-Request-Id`);
    return { status: answer.status, body: value, headers: answer.headers };
  }
}

function pathOf({ path }: DocumentedOperation, { params, query }: Asked): string {
  const given: Readonly<Record<string, string>> = { ...NOBODY, ...params };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => given[name] ?? '');
  return query === undefined ? filled : `${filled}?${query}`;
}
