import { parseTemplate, TemplateError, type TaskTemplate } from './index.js';

export type Keys = Record<string, unknown>;

export const STEP = { name: 'first', handler: { callable: 'first' } };
export const TEMPLATE = { name: 'pay', namespace_name: 'shop', version: '1.0.0', steps: [STEP] };

/** JSON is YAML: a template text with some keys changed. */
export function template(keys: Keys = {}): string {
  return JSON.stringify({ ...TEMPLATE, ...keys });
}

export function withStep(keys: Keys): string {
  return template({ steps: [{ ...STEP, ...keys }] });
}

export function parse(text: string): TaskTemplate {
  return parseTemplate(text, 'pay.yaml');
}

export function hash(text: string): string {
  return parse(text).contentHash;
}

export function problemsOf(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof TemplateError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

export function firstStep(text: string): TaskTemplate['steps'][number] {
  const [step] = parse(text).steps;
  if (step === undefined) throw new Error('the template has no steps');
  return step;
}

/** A copy of `target` with the value at `steps[0].retry` or the like set, its containers made on the way. */
export function withValue(target: unknown, path: string | readonly string[], value: unknown): unknown {
  const [segment, ...below] = typeof path === 'string' ? path.split(/\.|(?=\[)/) : path;
  if (segment === undefined) return value;
  if (segment.startsWith('[')) {
    const items: unknown[] = Array.isArray(target) ? [...target] : [];
    const index = Number(segment.slice(1, -1));
    items[index] = withValue(items[index], below, value);
    return items;
  }
  const keys = new Map(typeof target === 'object' && target !== null ? Object.entries(target) : []);
  keys.set(segment, withValue(keys.get(segment), below, value));
  return Object.fromEntries(keys);
}
