import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';

export interface MediaType {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export type Content = Readonly<Record<string, MediaType>>;

export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly headers?: object; readonly content: Content }>>;
}

export interface DocumentObject {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, { readonly type: string }>>;
  };
}

/** An operation of the document, and where it stands there. */
export interface DocumentedOperation extends OperationObject {
  readonly method: string;
  readonly path: string;
}

/** The document that a service gives of its API, and what it says answers look like. */
export class ApiDocument {
  readonly operations: readonly DocumentedOperation[];
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly checks = new Map<string, ValidateFunction>();

  constructor(readonly object: DocumentObject) {
    addFormats.default(this.ajv);
    // A field that the document does not know is a gap of the document.
    this.ajv.addSchema(closed(object), 'document');
    this.operations = Object.entries(object.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) =>
        Object.assign({ method: method.toUpperCase(), path }, operation),
      ),
    );
  }

  static async of(url: string): Promise<ApiDocument> {
    const answer = await fetch(`${url}/docs-json`);
    const object: DocumentObject = JSON.parse(await answer.text());
    return new ApiDocument(object);
  }

  operation(id: string): DocumentedOperation {
    const found = this.operations.find(({ operationId }) => operationId === id);
    if (found === undefined) throw new Error(`The document has no operation ${id}`);
    return found;
  }

  /** What keeps an answer from being one that the document tells of. */
  faultsOfAnswer(
    operation: DocumentedOperation,
    status: number,
    mediaType: string,
    value: unknown,
  ): readonly string[] {
    const content = operation.responses[status]?.content;
    if (content === undefined) return [`${operation.operationId}: ${status} is not documented`];
    if (content[mediaType] === undefined)
      return [`${operation.operationId}: ${status} is not documented as ${mediaType}`];
    const { method, path } = operation;
    return this.faults(
      ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', mediaType, 'schema'],
      value,
    );
  }

  /** What keeps a value from fitting the schema at a place of the document. */
  faults(place: readonly string[], value: unknown): readonly string[] {
    const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
    const $ref = `document#/${pointer.map(encodeURIComponent).join('/')}`;
    const check = this.checks.get($ref) ?? this.ajv.compile({ $ref });
    this.checks.set($ref, check);
    check(value);
    return (check.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${place.join(' ')}${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}

/** The document, its objects taking the fields alone that it names. */
function closed(node: unknown): object {
  const copy = JSON.parse(JSON.stringify(node), (_, value: unknown) => {
    const isOpenObject =
      typeof value === 'object' &&
      value !== null &&
      'properties' in value &&
      'type' in value &&
      !('additionalProperties' in value);
    return isOpenObject ? { ...value, additionalProperties: false } : value;
  });
  return copy;
}
