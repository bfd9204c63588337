import { describe, expect, it } from '@jest/globals';
import { formatProblem, parseTemplate, restoreTemplate, templateDefinition, TemplateError } from './index.js';
import { parse, TEMPLATE, template, withStep, withValue } from './template-text.fixture.js';

interface Outcome {
  /** What keeps the file from loading. */
  readonly problems: readonly string[];
  readonly ignored: readonly string[];
  readonly hash: string | null;
}

/** How a file fares as it is read by default, or with unknown keys ignored. */
function outcomeOf(text: string, mode: 'refuse' | 'warn'): Outcome {
  const ignored: string[] = [];
  const ignore = mode === 'warn' ? (key: object) => void ignored.push(wordsOf(key)) : undefined;
  try {
    const { contentHash: hash } = parseTemplate(text, 'pay.yaml', ignore);
    return { problems: [], ignored, hash };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { problems: error.problems.map(wordsOf), ignored, hash: null };
  }
}

function wordsOf(problem: { readonly path?: string; readonly message?: string }): string {
  return `${problem.path}: ${problem.message}`;
}

const RETRY = 'steps[0].retry';
const SCHEMA = { type: 'object', properties: { n: { type: 'integer', optional: true } } };

describe('an unknown key that Tasker ignores', () => {
  it.each([
    ['owner', 'me', 'owner: unknown key "owner"'],
    ['timeout', { a: [1] }, 'timeout: unknown key "timeout"'],
    [`${RETRY}.initial_delay`, 2, `${RETRY}.initial_delay: unknown key "initial_delay"`],
    [`${RETRY}.max_delay`, 60, `${RETRY}.max_delay: unknown key "max_delay"`],
    ['steps[0].metadata', { a: 1 }, 'steps[0].metadata: unknown key "metadata"'],
    [
      'steps[0].timeout_second',
      5,
      'steps[0].timeout_second: unknown key "timeout_second", did you mean "timeout_seconds"?',
    ],
    ['steps[0].handler.timeout', 5, 'steps[0].handler.timeout: unknown key "timeout"'],
    ['system_dependencies.tertiary', 'x', 'system_dependencies.tertiary: unknown key "tertiary"'],
    ['task_handler.method', 'x', 'task_handler.method: unknown key "method"'],
    ['lifecycle.sla', 5, 'lifecycle.sla: unknown key "sla"'],
    ['environments.test.input_schema', {}, 'environments.test.input_schema: unknown key "input_schema"'],
    ['domain_events[0]', { name: 'paid', since: '1.0.0' }, 'domain_events[0].since: unknown key "since"'],
    ['input_schema', SCHEMA, 'input_schema.properties.n.optional: JSON Schema has no keyword "optional"'],
    [
      'steps[0].result_schema',
      { typ: 'object' },
      'steps[0].result_schema.typ: JSON Schema has no keyword "typ", did you mean "type"?',
    ],
  ])('%s: %j is refused by default, and ignored on demand', (path, value, problem) => {
    const text = JSON.stringify(withValue(TEMPLATE, path, value));
    expect(outcomeOf(text, 'refuse')).toEqual({ problems: [problem], ignored: [], hash: null });
    const [at, message] = problem.split(/: (.*)/s);
    expect(outcomeOf(text, 'warn')).toEqual({
      problems: [],
      ignored: [`${at}: ignored: ${message}`],
      hash: expect.any(String),
    });
  });

  it('is told with file, line and column', () => {
    const told: string[] = [];
    parseTemplate(`${template()}\n`.replace('{', '{\n  "owner": 1,'), 'pay.yaml', (key) =>
      told.push(formatProblem(key)),
    );
    expect(told).toEqual(['pay.yaml:2:3 owner: ignored: unknown key "owner"']);
  });

  it('is no part of the template: hash and content are those of the file without it', () => {
    const odd = withStep({ retry: { max_attempts: 2, initial_delay: 5 }, result_schema: { optional: 1 } });
    const plain = withStep({ retry: { max_attempts: 2 }, result_schema: {} });
    const ignoring = parseTemplate(odd, 'pay.yaml', () => undefined);
    expect(ignoring).toEqual(parse(plain));
  });

  it('is counted where there are very many', () => {
    const keys = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`key_${n}`, n]));
    const { problems, ignored } = outcomeOf(template(keys), 'warn');
    expect(problems).toEqual([]);
    expect(ignored).toHaveLength(1001);
    expect(ignored.at(-1)).toBe(': ignored: 500 more unknown keys');
  });
});

describe('what is refused in either way', () => {
  it.each([
    ['steps[0].type', 'decision', 'steps[0].type: steps of type decision are not supported yet'],
    ['steps[0].type', 'batchable', 'steps[0].type: steps of type batchable are not supported yet'],
    ['steps[0].batch_config', { batch_size: 1 }, 'batch steps are not supported yet'],
    ['steps[0].composition', { a: 1 }, "Tasker's action grammar is not supported"],
    ['default_context', { a: 1 }, 'default_context: unknown key "default_context"'],
    ['default_options', { a: 1 }, 'default_options: unknown key "default_options"'],
    ['steps[0].handler', { calable: 'x' }, 'steps[0].handler.callable: is required'],
    ['steps[0].timeout_seconds', 'x', 'expected an integer from 1 to 86400'],
    ['input_schema', { type: 'integr' }, 'input_schema.type: expected one of'],
    ['input_schema', { unevaluatedProperties: false }, 'is not in draft-07'],
    ['input_schema', { $async: true }, 'asynchronous schemas are not supported'],
    ['input_schema', { format: 'dat' }, 'there is no format "dat"'],
    ['metadata.tags', 'x', 'metadata.tags: expected a list'],
  ])('%s: %j', (path, value, problem) => {
    const text = JSON.stringify(withValue(TEMPLATE, path, value));
    for (const mode of ['refuse', 'warn'] as const) {
      const { problems, ignored } = outcomeOf(text, mode);
      expect(problems).toContainEqual(expect.stringContaining(problem));
      expect(ignored).toEqual([]);
    }
  });
});

describe('metadata', () => {
  const metadata = {
    author: 'ada',
    blog_post: 'post_04',
    owners: [{ name: 'me', since: null }],
    nothing: null,
    ':team': 'payments',
  };

  it('takes any key, and keeps it with the template', () => {
    const text = template({ metadata });
    expect(outcomeOf(text, 'refuse')).toMatchObject({ problems: [], ignored: [] });
    const { author, others } = parse(text).metadata;
    expect([author, others]).toEqual([
      'ada',
      {
        blog_post: 'post_04',
        owners: [{ name: 'me', since: null }],
        nothing: null,
        team: 'payments',
      },
    ]);
  });

  it('keeps a key that every object has', () => {
    const text = template({ metadata }).replace('"author"', '"__proto__": {"a": 1}, "toString": 2, "author"');
    const loaded = parse(text);
    expect(JSON.stringify(loaded.metadata.others)).toContain('{"__proto__":{"a":1},"toString":2,');
    expect(JSON.stringify(templateDefinition(loaded))).toContain('"__proto__":{"a":1}');
    expect(Reflect.get({}, 'a')).toBeUndefined();
  });

  it('comes back from storage, and counts for the content hash', () => {
    const loaded = parse(template({ metadata }));
    const restored = restoreTemplate(templateDefinition(loaded), loaded.contentHash, loaded.file);
    expect(restored).toEqual(loaded);
    const other = parse(template({ metadata: { ...metadata, blog_post: 'post_05' } }));
    expect(other.contentHash).not.toBe(loaded.contentHash);
  });

  it('makes no file differ by the mode that loads without unknown keys', () => {
    const text = template({ metadata });
    expect(outcomeOf(text, 'warn')).toEqual(outcomeOf(text, 'refuse'));
  });
});
