import { types } from 'node:util';

/** Why a value is not JSON, and where: a path such as `.items[2].name`, empty for the value itself. */
export interface JsonProblem {
  readonly path: string;
  readonly message: string;
}

/** What becomes of a value that is stored as JSON. */
export interface JsonInspection {
  /** The first thing in it that can't be stored, or null. */
  readonly problem: JsonProblem | null;
  /** Whether reading it back gives the same: no `toJSON` method, `-0`, class instance or boxed primitive is in it. */
  readonly verbatim: boolean;
}

/** Deeper values are refused: whoever reads them recursively would run out of stack. */
const DEEPEST = 512;

/** By `typeof`. */
const UNREPRESENTABLE: ReadonlyMap<string, string> = new Map([
  ['bigint', 'a BigInt is not JSON: give it as a text, String(value)'],
  ['undefined', 'undefined is not JSON: give null, or leave the key out'],
]);

/**
 * The first thing in a value that would not survive being stored as JSON and read back, or null. Refused are `undefined`,
 * functions, symbols, BigInt, numbers that are not finite, texts with NUL or lone surrogates (PostgreSQL can't take
 * them), invalid dates, cycles, and objects that JSON would empty silently (Map, Set, Promise, …). A value with a `toJSON`
 * method, such as a Date, counts as what that returns. docs/handlers.md has the whole table.
 */
export function jsonProblem(value: unknown): JsonProblem | null {
  return inspectJson(value).problem;
}

/** As `jsonProblem`; says as well whether the value is read back as it is. */
export function inspectJson(value: unknown): JsonInspection {
  return new JsonWalk().inspect(value);
}

/** What is read back of a value that has no `jsonProblem`. */
export function storedJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

class JsonWalk {
  private verbatim = true;
  private ancestors: Set<object> | undefined;

  inspect(value: unknown): JsonInspection {
    const problem = this.check(value, '');
    return { problem, verbatim: this.verbatim };
  }

  /** @param key of the value in the object or array that holds it, as a `toJSON` method is given it */
  private check(value: unknown, key: string | number): JsonProblem | null {
    if (value === null || typeof value === 'boolean') return null;
    if (typeof value === 'object') return this.checkObject(value, key);
    if (typeof value === 'string') return checkText(value);
    if (typeof value === 'number') {
      if (value === 0 && Object.is(value, -0)) this.verbatim = false;
      return Number.isFinite(value) ? null : here(`${value} is not a JSON number`);
    }
    return here(UNREPRESENTABLE.get(typeof value) ?? `a ${typeof value} is not JSON`);
  }

  private checkObject(value: object, key: string | number): JsonProblem | null {
    this.ancestors ??= new Set();
    const { ancestors } = this;
    if (ancestors.has(value)) return here('a cycle is not JSON');
    if (ancestors.size >= DEEPEST) return here(`nested deeper than ${DEEPEST} levels`);
    ancestors.add(value);
    const problem = this.checkContent(value, key);
    ancestors.delete(value);
    return problem;
  }

  private checkContent(value: object, key: string | number): JsonProblem | null {
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      if (types.isDate(value) && Number.isNaN(value.getTime())) return here('an invalid Date is not JSON');
      this.verbatim = false;
      const converted: unknown = value.toJSON(String(key));
      return this.check(converted, key);
    }
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) {
        const problem = this.check(value[index], index);
        if (problem !== null) return { path: `[${index}]${problem.path}`, message: problem.message };
      }
      return null;
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      this.verbatim = false;
      if (types.isBoxedPrimitive(value)) return this.check(value.valueOf(), key);
      if (isOpaque(value)) return here(`a ${tagOf(value)} is not JSON`);
    }
    for (const name of Object.keys(value)) {
      const problem = checkText(name) ?? this.check(Reflect.get(value, name), name);
      if (problem !== null) return { path: `.${name}${problem.path}`, message: problem.message };
    }
    return null;
  }
}

function checkText(text: string): JsonProblem | null {
  if (text.includes('\0')) return here('a text with a NUL character (\\u0000) can not be stored');
  return text.isWellFormed() ? null : here('a text with a lone surrogate is not valid Unicode');
}

/**
 * Built-in objects whose content is not in their properties: `JSON.stringify` would make `{}` of them. Those that have no
 * check of their own, such as URLSearchParams or a generator, are recognised by their tag.
 */
function isOpaque(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isPromise(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    (Object.keys(value).length === 0 && tagOf(value) !== 'Object')
  );
}

/** `Map` of `[object Map]`. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function here(message: string): JsonProblem {
  return { path: '', message };
}
