import { describe, expect, it } from '@jest/globals';
import {
  firstStep,
  parse,
  problemsOf,
  STEP,
  template,
  TEMPLATE,
  withStep,
  withValue,
  type Keys,
} from './template-text.fixture.js';

describe('a template file', () => {
  it('needs a name, a namespace, a version and steps with handlers, and fills in the rest', () => {
    const { contentHash, ...rest } = parse(template());
    expect(contentHash).toMatch(/^[0-9a-f]{64}$/);
    expect(rest).toEqual({
      namespace: 'shop',
      name: 'pay',
      version: '1.0.0',
      description: null,
      metadata: {
        author: null,
        tags: [],
        documentationUrl: null,
        createdAt: null,
        updatedAt: null,
        notes: null,
      },
      systemDependencies: { primary: null, secondary: [] },
      loadedFrom: null,
      taskHandler: null,
      domainEvents: [],
      inputSchema: null,
      identityStrategy: 'strict',
      steps: [
        {
          index: 0,
          name: 'first',
          description: null,
          systemDependency: null,
          type: 'standard',
          handler: { callable: 'first', method: 'call', resolver: null, initialization: {} },
          dependencies: [],
          retry: {
            retryable: true,
            maxAttempts: 3,
            backoff: 'exponential',
            backoffBaseMs: 1000,
            maxBackoffMs: 30_000,
          },
          timeoutSeconds: null,
          resultSchema: null,
          publishesEvents: [],
        },
      ],
      lifecycle: null,
      environments: {},
      file: 'pay.yaml',
    });
  });

  it('keeps what its descriptive keys say', () => {
    const metadata = {
      author: 'a',
      tags: ['t'],
      documentation_url: 'd',
      created_at: 'c',
      updated_at: 'u',
      notes: 'n',
    };
    const parsed = parse(
      template({
        description: 'Pays',
        metadata,
        system_dependencies: { primary: 'p', secondary: ['s'] },
        loaded_from: '/x.yaml',
        task_handler: { callable: 'Pay::Handler', initialization: { a: [1, { b: null }] } },
      }),
    );
    expect(parsed.description).toBe('Pays');
    expect(Object.values(parsed.metadata)).toEqual(['a', ['t'], 'd', 'c', 'u', 'n']);
    expect(parsed.systemDependencies).toEqual({ primary: 'p', secondary: ['s'] });
    expect(parsed.loadedFrom).toBe('/x.yaml');
    expect(parsed.taskHandler).toEqual({ callable: 'Pay::Handler', initialization: { a: [1, { b: null }] } });
  });

  it('keeps what its steps say', () => {
    const step = firstStep(
      withStep({
        description: 'd',
        system_dependency: 's',
        handler: { callable: 'a.b.C', method: 'refund', resolver: 'r', initialization: { rate: 1.5 } },
        retry: {
          retryable: false,
          max_attempts: 0,
          backoff: 'fibonacci',
          backoff_base_ms: 5,
          max_backoff_ms: 5,
        },
        timeout_seconds: 86_400,
        result_schema: { type: 'integer' },
      }),
    );
    expect(step).toMatchObject({
      description: 'd',
      systemDependency: 's',
      handler: { callable: 'a.b.C', method: 'refund', resolver: 'r', initialization: { rate: 1.5 } },
      retry: { retryable: false, maxAttempts: 0, backoff: 'fibonacci', backoffBaseMs: 5, maxBackoffMs: 5 },
      timeoutSeconds: 86_400,
      resultSchema: { type: 'integer' },
    });
  });

  it.each([
    'rust::linear_workflow::LinearStep1Handler',
    'OrderFulfillment::StepHandlers::ShipOrderHandler',
    'a.b.C',
    'x',
  ])('may name its handler %s', (callable) => {
    expect(firstStep(withStep({ handler: { callable } })).handler.callable).toBe(callable);
  });

  it('takes null and the empty forms of what is not supported yet as not given', () => {
    const plain = parse(template());
    const optional = [
      'description',
      'metadata',
      'system_dependencies',
      'loaded_from',
      'task_handler',
      'domain_events',
    ];
    optional.push('input_schema', 'identity_strategy', 'lifecycle', 'environments');
    expect(parse(template(Object.fromEntries(optional.map((key) => [key, null]))))).toEqual(plain);
    expect(parse(template({ domain_events: [] }))).toEqual(plain);
    const inSteps = ['description', 'system_dependency', 'type', 'dependencies', 'retry', 'timeout_seconds'];
    inSteps.push('result_schema', 'publishes_events', 'batch_config', 'composition');
    expect(parse(withStep(Object.fromEntries(inSteps.map((key) => [key, null]))))).toEqual(plain);
    expect(parse(withStep({ publishes_events: [], batch_config: {}, composition: {} }))).toEqual(plain);
    expect(
      parse(withStep({ handler: { callable: 'first', method: null, resolver: null, initialization: null } })),
    ).toEqual(plain);
  });

  it('reads the same in Ruby symbols, and with both spellings in one file', () => {
    const plain = [
      'name: pay',
      'namespace_name: shop',
      'version: 1.0.0',
      'steps:',
      '  - name: first',
      '    handler:',
      '      callable: first',
      '      initialization: {a: 1}',
      '    retry: {limit: 2}',
      'environments: {test: {steps: [{name: ALL, timeout_seconds: 3}]}}',
    ].join('\n');
    const symbols = plain.replaceAll(/([{ ]|^)([a-z_]+):(?= |$)/gm, '$1:$2:').replace(':a: 1', 'a: 1');
    expect(symbols).toContain(':environments: {:test: {:steps: [{:name: ALL, :timeout_seconds: 3}]}}');
    expect(parse(symbols)).toEqual(parse(plain));
    expect(parse(symbols.replace(':namespace_name', 'namespace_name'))).toEqual(parse(plain));
  });

  it('knows the aliases limit, depends_on and step_type', () => {
    const other = {
      name: 'second',
      handler: { callable: 'x' },
      depends_on: ['first'],
      step_type: 'standard',
    };
    const { steps } = parse(template({ steps: [{ ...STEP, retry: { limit: 7 } }, other] }));
    expect(steps[0]?.retry.maxAttempts).toBe(7);
    expect(steps[1]?.dependencies).toEqual(['first']);
    expect(problemsOf(withStep({ step_type: 'batchable' }))).toEqual([
      'steps[0].step_type: steps of type batchable are not supported yet; only standard is',
    ]);
  });

  it('knows the alias limit in environments', () => {
    const text = template({ environments: { test: { steps: [{ name: 'first', retry: { limit: 9 } }] } } });
    expect(parse(text).environments['test']?.steps[0]?.retry.maxAttempts).toBe(9);
  });

  it.each([
    [template({ ':name': 'pay' }), 'name: "name" (line 1) and ":name" are the same key; keep one of them'],
    [
      withStep({ retry: { limit: 1, max_attempts: 1 } }),
      '"max_attempts" (line 1) and "limit" are the same key',
    ],
    [
      withStep({ depends_on: [], dependencies: null }),
      '"dependencies" (line 1) and "depends_on" are the same key',
    ],
    [
      withStep({ step_type: 'standard', ':type': 'standard' }),
      '":type" (line 1) and "step_type" are the same key',
    ],
    [template({ environments: { test: {}, ':test': {} } }), '"test" (line 1) and ":test" are the same key'],
  ])('refuses two spellings of one key in one map: %#', (text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each(['name', 'namespace_name', 'version', 'steps'])('is refused without %s', (key) => {
    const { [key]: _left, ...others }: Keys = TEMPLATE;
    expect(problemsOf(JSON.stringify(others))).toEqual([`${key}: is required`]);
    expect(problemsOf(template({ [key]: null }))[0]).toMatch(new RegExp(`^${key}: expected .*, got null`));
  });

  const BAD_KEYS: readonly (readonly [string, unknown, string])[] = [
    ['name', 'Pay', 'expected a name of a-z'],
    ['name', 'x'.repeat(65), 'at most 64 characters'],
    ['namespace_name', '1shop', 'expected a name of a-z'],
    ['namespace_name', 'x'.repeat(30), 'at most 29 characters'],
    ['version', '1.0', 'expected a version x.y.z'],
    ['version', '01.0.0', 'expected a version x.y.z'],
    ['version', '1.0.0-rc.1', 'expected a version x.y.z'],
    ['version', 1.5, 'such as 1.0.0, got the number 1.5'],
    ['description', ['a'], 'expected a string, got a list'],
    ['metadata', 'x', 'expected a map, got the string "x"'],
    ['metadata.author', 5, 'expected a string, got the number 5; quote it: "5"'],
    ['metadata.tags', 'x', 'expected a list, got the string "x"'],
    ['metadata.tags[0]', 1, 'expected a string'],
    ['metadata.documentation_url', {}, 'expected a string, got a map'],
    ['metadata.created_at', true, 'expected a string, got the boolean true'],
    ['metadata.updated_at', true, 'expected a string'],
    ['metadata.notes', true, 'expected a string'],
    ['system_dependencies.primary', 1, 'expected a string'],
    ['system_dependencies.secondary', {}, 'expected a list, got a map'],
    ['loaded_from', 1, 'expected a string'],
    ['task_handler.callable', '', "expected a handler's key"],
    ['task_handler.initialization', [], 'expected a map, got a list'],
    ['domain_events', 'paid', 'expected a list, got the string "paid"'],
    ['domain_events[0].name', 'order paid', 'expected an event name'],

    ['input_schema', [], 'expected a map, got a list'],
    [
      'identity_strategy',
      'stric',
      'expected one of strict, caller_provided, always_unique, got the string "stric", did you mean "strict"?',
    ],
    ['identity_strategy', ':strict', 'expected one of strict'],
    ['lifecycle', 5, 'expected a map, got the number 5'],
    ['lifecycle.max_duration_minutes', 0, 'expected an integer from 1 to'],
    ['lifecycle.max_waiting_for_dependencies_minutes', '5', 'expected an integer from 1 to'],
    ['lifecycle.max_waiting_for_retry_minutes', -1, 'expected an integer from 1 to'],
    ['lifecycle.max_steps_in_process_minutes', 1.5, 'expected an integer from 1 to'],
    ['lifecycle.staleness_action', 'drop', 'expected one of dlq, error, none'],
    ['lifecycle.auto_fail_on_timeout', 'yes', 'expected true or false'],
    ['lifecycle.auto_dlq_on_timeout', 1, 'expected true or false'],
    ['steps', [], 'expected at least 1 item, got 0'],
    ['steps', {}, 'expected a list, got a map'],
    ['steps[0]', 'x', 'expected a map, got the string "x"'],
    ['steps[0].name', '', 'expected a step name'],
    ['steps[0].name', 'ALL', 'expected a step name'],
    ['steps[0].name', 'a\u0007', 'expected a step name'],
    ['steps[0].description', 1, 'expected a string'],
    ['steps[0].system_dependency', 1, 'expected a string'],
    ['steps[0].type', 'decision', 'steps of type decision are not supported yet'],
    ['steps[0].type', 'deferred_convergence', 'not supported yet'],
    ['steps[0].type', 'batch_worker', 'not supported yet'],
    ['steps[0].type', 'standart', 'did you mean "standard"?'],
    ['steps[0].handler', 'x', 'expected a map'],
    ['steps[0].handler.callable', 'x'.repeat(256), "expected a handler's key"],
    ['steps[0].handler.callable', 'a\nb', "expected a handler's key"],
    ['steps[0].handler.method', 'no way', 'expected the name of a method'],
    ['steps[0].handler.method', 'constructor', 'expected the name of a method'],
    ['steps[0].handler.resolver', 1, 'expected a string'],
    ['steps[0].handler.initialization', 'x', 'expected a map'],
    ['steps[0].composition', 'x', "Tasker's action grammar is not supported"],
    ['steps[0].dependencies', 'first', 'expected a list, got the string "first"'],
    ['steps[0].dependencies[0]', 1, 'expected a string'],
    ['steps[0].retry', 3, 'expected a map, got the number 3'],
    ['steps[0].retry.retryable', 'yes', 'expected true or false, got the string "yes"'],
    ['steps[0].retry.max_attempts', 101, 'expected an integer from 0 to 100, got the number 101'],
    ['steps[0].retry.max_attempts', -1, 'expected an integer from 0 to 100'],
    ['steps[0].retry.max_attempts', '3', 'expected an integer from 0 to 100, got the string "3"'],
    ['steps[0].retry.max_attempts', 1.5, 'expected an integer from 0 to 100, got the number 1.5'],
    ['steps[0].retry.backoff', 'exponetial', 'expected one of none, linear, exponential, fibonacci'],
    ['steps[0].retry.backoff_base_ms', 3_600_001, 'expected an integer from 0 to 3600000'],
    [
      'steps[0].retry.max_backoff_ms',
      999,
      'expected max_backoff_ms to be at least backoff_base_ms (1000), got 999',
    ],
    ['steps[0].timeout_seconds', 0, 'expected an integer from 1 to 86400'],
    ['steps[0].timeout_seconds', 86_401, 'expected an integer from 1 to 86400'],
    ['steps[0].publishes_events', 'paid', 'expected a list, got the string "paid"'],
    ['steps[0].publishes_events[0]', 'order paid', 'expected an event name'],
    ['steps[0].publishes_events[0]', 7, 'expected an event name'],

    ['steps[0].batch_config', { batch_size: 5 }, 'batch steps are not supported yet'],
    ['steps[0].result_schema', 'x', 'expected a map'],
    ['environments', [], 'expected a map, got a list'],
    ['environments.test', 'x', 'expected a map'],
    ['environments.test.steps', {}, 'expected a list'],
    ['environments.test.task_handler', 'x', 'expected a map'],
    ['environments.test.task_handler.initialization', 'x', 'expected a map'],
  ];

  it.each(BAD_KEYS)('refuses a bad %s: %j', (path, value, message) => {
    const text = JSON.stringify(withValue(TEMPLATE, path, value));
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${path}: `);
    expect(problems[0]).toContain(message);
  });

  it.each(['system_dependencies', 'task_handler', 'steps[0]', 'steps[0].handler', 'steps[0].retry'])(
    'refuses an unknown key in %s',
    (path) => {
      const text = JSON.stringify(withValue(TEMPLATE, `${path}.zzz`, 1));
      expect(problemsOf(text)).toEqual([`${path}.zzz: unknown key "zzz"`]);
    },
  );

  it('suggests the key that was meant', () => {
    expect(problemsOf(withStep({ timeout_second: 5 }))).toEqual([
      'steps[0].timeout_second: unknown key "timeout_second", did you mean "timeout_seconds"?',
    ]);
    expect(problemsOf(template({ ':vesion': '1.0.0' }))).toEqual([
      'vesion: unknown key ":vesion", did you mean "version"?',
    ]);
  });

  it('refuses a backoff cap that a default base exceeds, and a base that the default cap does not reach', () => {
    expect(problemsOf(withStep({ retry: { backoff_base_ms: 40_000 } }))).toEqual([
      'steps[0].retry: expected max_backoff_ms to be at least backoff_base_ms (40000), got 30000',
    ]);
  });

  it('refuses a bad schema at the place inside it', () => {
    const schema = { type: 'object', properties: { n: { type: 'integr', minimun: 2 } } };
    const [first, second] = problemsOf(template({ input_schema: schema }));
    expect(first).toContain('input_schema.properties.n.type: expected one of "array", "boolean", "integer"');
    expect(second).toBe(
      'input_schema.properties.n.minimun: JSON Schema has no keyword "minimun", did you mean "minimum"?',
    );
    expect(problemsOf(withStep({ result_schema: { pattern: '(' } }))[0]).toContain(
      'steps[0].result_schema.pattern: not a',
    );
  });
});
