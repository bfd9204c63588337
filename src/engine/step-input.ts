import type { JsonObject, JsonValue } from './json.types.js';

/** UTF-8 of a UTF-16 code unit. */
const MOST_BYTES_A_UNIT = 3;

/**
 * What a claimed step is given. It comes as JSON text and is read where the handler looks at it, each attempt's for itself:
 * what a handler does to the values reaches no other step.
 */
export class StepInput {
  private readContext: JsonObject | undefined;
  private readResults: Readonly<Record<string, JsonValue>> | undefined;
  private deferred = false;

  /** @param resultsJson an object of the direct parents' results by name */
  constructor(
    private givenContextJson: string,
    private resultsJson: string,
  ) {}

  /** An input too large to come with its claim: empty until it is provided. */
  static deferred(): StepInput {
    const input = new StepInput('{}', '{}');
    input.deferred = true;
    return input;
  }

  /** Whether it is still to be read from the database. */
  get isDeferred(): boolean {
    return this.deferred;
  }

  /** Whether it may be larger than is given to a step: the database says how much there is. */
  exceeds(maxBytes: number): boolean {
    const length = this.givenContextJson.length + this.resultsJson.length;
    if (length <= maxBytes / MOST_BYTES_A_UNIT) return false;
    return Buffer.byteLength(this.givenContextJson) + Buffer.byteLength(this.resultsJson) > maxBytes;
  }

  /** Of one that is deferred or too large, before anything looks at it. */
  provide(contextJson: string, resultsJson: string): void {
    this.givenContextJson = contextJson;
    this.resultsJson = resultsJson;
    this.deferred = false;
  }

  get contextJson(): string {
    return this.givenContextJson;
  }

  /** The task's context. */
  get context(): JsonObject {
    this.readContext ??= parsed(this.givenContextJson);
    return this.readContext;
  }

  /** Results of the direct parents by step name, without those that were resolved by hand. */
  get results(): Readonly<Record<string, JsonValue>> {
    this.readResults ??= parsed(this.resultsJson);
    return this.readResults;
  }
}

/** The database keeps only JSON objects in these columns. */
function parsed(json: string): JsonObject {
  return JSON.parse(json);
}
