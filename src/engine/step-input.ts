import type { JsonObject, JsonValue } from './json.types.js';

/**
 * What a claimed step is given. It comes as JSON text and is read where the handler looks at it, each attempt's for itself:
 * what a handler does to the values reaches no other step.
 */
export class StepInput {
  private readContext: JsonObject | undefined;
  private readResults: Readonly<Record<string, JsonValue>> | undefined;

  /** @param resultsJson an object of the direct parents' results by name */
  constructor(
    readonly contextJson: string,
    private readonly resultsJson: string,
  ) {}

  /** The task's context. */
  get context(): JsonObject {
    this.readContext ??= parsed(this.contextJson);
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
