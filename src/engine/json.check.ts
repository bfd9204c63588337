/** Why a value is not JSON, and where: a path such as `.items[2].name`, empty for the value itself. */
export interface JsonProblem {
  readonly path: string;
  readonly message: string;
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
 * them), cycles, and objects that JSON would empty silently (Map, Set, Promise, …). A value with a `toJSON` method, such as
 * a Date, counts as what that returns.
 */
export function jsonProblem(value: unknown): JsonProblem | null {
  return check(value, undefined);
}

function check(value: unknown, ancestors: Set<object> | undefined): JsonProblem | null {
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'object') return checkObject(value, ancestors ?? new Set());
  if (typeof value === 'string') return checkText(value);
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : here(`${value} is not a JSON number`);
  }
  return here(UNREPRESENTABLE.get(typeof value) ?? `a ${typeof value} is not JSON`);
}

function checkText(text: string): JsonProblem | null {
  if (text.includes('\0')) return here('a text with a NUL character (\\u0000) can not be stored');
  return text.isWellFormed() ? null : here('a text with a lone surrogate is not valid Unicode');
}

function checkObject(value: object, ancestors: Set<object>): JsonProblem | null {
  if (ancestors.has(value)) return here('a cycle is not JSON');
  if (ancestors.size >= DEEPEST) return here(`nested deeper than ${DEEPEST} levels`);
  ancestors.add(value);
  const problem = checkContent(value, ancestors);
  ancestors.delete(value);
  return problem;
}

function checkContent(value: object, ancestors: Set<object>): JsonProblem | null {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const converted: unknown = value.toJSON('');
    return check(converted, ancestors);
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const problem = check(value[index], ancestors);
      if (problem !== null) return { path: `[${index}]${problem.path}`, message: problem.message };
    }
    return null;
  }
  if (!isPlain(value) && isOpaque(value)) return here(`a ${value.constructor.name} is not JSON`);
  for (const key of Object.keys(value)) {
    const problem = checkText(key) ?? check(Reflect.get(value, key), ancestors);
    if (problem !== null) return { path: `.${key}${problem.path}`, message: problem.message };
  }
  return null;
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** Built-in objects whose content is not in their properties: `JSON.stringify` would make `{}` of them. */
function isOpaque(value: object): boolean {
  return (
    value instanceof Map ||
    value instanceof Set ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof Promise ||
    value instanceof RegExp ||
    value instanceof Error ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}

function here(message: string): JsonProblem {
  return { path: '', message };
}
