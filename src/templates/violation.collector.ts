import type { ErrorObject } from 'ajv';

/** References that any check may follow, and for each value within the checked one: a schema that needs more tries the same again and again. */
const FREE_STEPS = 20_000;
const STEPS_A_VALUE = 20;
/** Violations of alternatives that are built and may be dropped again, for one keyword. */
const MOST_UNDECIDED = 1_000;

/** The schema tries too many ways to read the value: the check was given up. */
export class TooManyStepsError extends Error {}

/** Enough violations are known; the check was ended. */
export class EnoughViolationsError extends Error {}

/** The `this` of a compiled check: it ends a check whose references multiply. */
export class CheckSteps {
  private steps = 0;
  private most = FREE_STEPS;
  private counted = false;

  /** @param value what is checked */
  constructor(private readonly value: unknown) {}

  /**
   * @param count what was done, in steps
   * @throws TooManyStepsError
   */
  step(count = 1): void {
    this.steps += count;
    if (this.steps <= this.most) return;
    if (this.counted) throw new TooManyStepsError();
    this.counted = true;
    this.most += STEPS_A_VALUE * countValues(this.value);
  }
}

function countValues(value: unknown): number {
  let count = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    count += 1;
    if (typeof next === 'object' && next !== null) for (const part of Object.values(next)) open.push(part);
  }
  return count;
}

/**
 * The `this` of a check that looks for all violations: it keeps those that stand whatever comes after, and ends the check when
 * there are too many. A violation of an alternative (`anyOf`, `not`, …) stands only once the keyword has been decided.
 */
export class ViolationCollector extends CheckSteps {
  readonly found: ErrorObject[] = [];
  private depth = 0;
  private undecided = 0;

  /**
   * @param value what is checked
   * @param mostViolations how many are looked for; one more ends the check
   */
  constructor(
    value: unknown,
    private readonly mostViolations: number,
  ) {
    super(value);
  }

  /** Takes a violation into the list of the function that found it. @throws EnoughViolationsError */
  add(list: ErrorObject[] | null, violation: ErrorObject): ErrorObject[] {
    if (this.depth === 0) this.keep(violation);
    else this.undecided += 1;
    if (this.undecided > Math.max(MOST_UNDECIDED, this.mostViolations)) throw new EnoughViolationsError();
    if (list === null) return [violation];
    list.push(violation);
    return list;
  }

  /** A keyword with alternatives begins. */
  enter(): void {
    this.depth += 1;
  }

  /** It is decided: what its function's list has from `first` on stands. @throws EnoughViolationsError */
  leave(list: readonly ErrorObject[] | null, first: number): void {
    this.depth -= 1;
    if (this.depth > 0) return;
    this.undecided = 0;
    for (const violation of list?.slice(first) ?? []) this.keep(violation);
  }

  private keep(violation: ErrorObject): void {
    this.found.push(violation);
    if (this.found.length > this.mostViolations) throw new EnoughViolationsError();
  }
}
