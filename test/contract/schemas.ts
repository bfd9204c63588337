/**
 * What Tasker's clients decode strictly, written down from the contract: required fields and types exactly; other fields
 * are welcome.
 */

const text = { type: 'string' } as const;
const integer = { type: 'integer' } as const;
const number = { type: 'number' } as const;
const boolean = { type: 'boolean' } as const;
const uuid = { type: 'string', pattern: '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' } as const;
const zoned = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$',
} as const;
const naive = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}$',
} as const;
const rfc3339 = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$',
} as const;
/** Integers of the kinds that Tasker's clients decode into: i32, u32, and u64 as far as JavaScript goes. */
const int32 = { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 } as const;
const whole = { type: 'integer', minimum: 0, maximum: 4_294_967_295 } as const;
const count = { type: 'integer', minimum: 0 } as const;
const texts = { type: 'array', items: text } as const;
const anything = {} as const;
const map = { type: 'object' } as const;

type Schema = Readonly<Record<string, unknown>>;

/** An object with all of `required`; what is optional may be absent or null, what is defaulted may be absent. */
function object(
  required: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
  defaulted: Readonly<Record<string, Schema>> = {},
): Schema {
  return {
    type: 'object',
    required: Object.keys(required),
    properties: {
      ...required,
      ...defaulted,
      ...Object.fromEntries(
        Object.entries(optional).map(([name, schema]) => [name, { anyOf: [schema, { type: 'null' }] }]),
      ),
    },
  };
}

/** Without a field that clients decode strictly where it is there. */
function without(field: string, schema: Schema): Schema {
  return {
    allOf: [schema, { not: { type: 'object', required: [field], properties: { [field]: anything } } }],
  };
}

function nullable(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

const stepState = {
  enum: [
    'pending',
    'enqueued',
    'in_progress',
    'waiting_for_retry',
    'complete',
    'error',
    'cancelled',
    'resolved_manually',
  ],
};

const taskStatus = {
  enum: [
    'pending',
    'steps_in_process',
    'waiting_for_dependencies',
    'waiting_for_retry',
    'blocked_by_failures',
    'complete',
    'error',
    'cancelled',
    'resolved_manually',
  ],
};

const StepReadinessStatus = object(
  {
    workflow_step_uuid: uuid,
    task_uuid: uuid,
    named_step_uuid: uuid,
    name: text,
    current_state: stepState,
    dependencies_satisfied: boolean,
    retry_eligible: boolean,
    ready_for_execution: boolean,
    total_parents: int32,
    completed_parents: int32,
    attempts: int32,
    max_attempts: int32,
  },
  {
    last_failure_at: naive,
    next_retry_at: naive,
    last_attempted_at: naive,
    backoff_request_seconds: int32,
  },
);

const TaskResponse = object(
  {
    task_uuid: uuid,
    name: text,
    namespace: text,
    version: text,
    status: taskStatus,
    created_at: zoned,
    updated_at: zoned,
    context: map,
    initiator: text,
    source_system: text,
    reason: text,
    correlation_id: uuid,
    total_steps: integer,
    pending_steps: integer,
    in_progress_steps: integer,
    completed_steps: integer,
    failed_steps: integer,
    ready_steps: integer,
    execution_status: {
      enum: [
        'blocked_by_failures',
        'has_ready_steps',
        'processing',
        'all_complete',
        'waiting_for_dependencies',
      ],
    },
    recommended_action: {
      enum: [
        'handle_failures',
        'execute_ready_steps',
        'wait_for_completion',
        'finalize_task',
        'wait_for_dependencies',
      ],
    },
    completion_percentage: number,
    health_status: { enum: ['blocked', 'recovering', 'healthy'] },
    steps: listOf(StepReadinessStatus),
  },
  { completed_at: zoned, priority: int32, tags: texts, parent_correlation_id: uuid },
);

const StepExecutionResult = object({
  step_uuid: uuid,
  success: boolean,
  result: anything,
  metadata: object(
    {
      execution_time_ms: integer,
      retryable: boolean,
      completed_at: zoned,
      custom: map,
      context: map,
    },
    {
      handler_version: text,
      worker_id: text,
      worker_hostname: text,
      started_at: zoned,
      error_code: text,
      error_type: text,
    },
  ),
  status: { enum: ['completed', 'failed', 'error'] },
  error: nullable(
    object(
      { message: text, backtrace: texts, retryable: boolean, context: map },
      { error_type: text, status_code: integer },
    ),
  ),
  orchestration_metadata: object(
    {
      headers: map,
      backoff_hint: nullable(object({ backoff_type: text, delay_seconds: number }, { context: text })),
      custom: map,
    },
    { error_context: text },
  ),
});

const StepResponse = object(
  {
    step_uuid: uuid,
    task_uuid: uuid,
    name: text,
    created_at: zoned,
    updated_at: zoned,
    current_state: stepState,
    dependencies_satisfied: boolean,
    retry_eligible: boolean,
    ready_for_execution: boolean,
    total_parents: int32,
    completed_parents: int32,
    attempts: int32,
    max_attempts: int32,
  },
  {
    completed_at: zoned,
    results: StepExecutionResult,
    last_failure_at: zoned,
    next_retry_at: zoned,
    last_attempted_at: zoned,
  },
);

const StepAuditResponse = object(
  {
    audit_uuid: uuid,
    workflow_step_uuid: uuid,
    transition_uuid: uuid,
    task_uuid: uuid,
    recorded_at: zoned,
    success: boolean,
    step_name: text,
    to_state: text,
  },
  {
    worker_uuid: uuid,
    correlation_id: uuid,
    execution_time_ms: integer,
    result: anything,
    from_state: text,
  },
);

/** Tasker's `TaskSummaryResponse`. */
const TaskSummary = object({
  task: object(
    {
      task_uuid: uuid,
      name: text,
      namespace: text,
      version: text,
      status: taskStatus,
      created_at: zoned,
      updated_at: zoned,
      initiator: text,
      source_system: text,
      reason: text,
      correlation_id: uuid,
      total_steps: integer,
      pending_steps: integer,
      in_progress_steps: integer,
      completed_steps: integer,
      failed_steps: integer,
      completion_percentage: number,
      health_status: text,
      execution_status: text,
    },
    { completed_at: zoned, recommended_action: text },
  ),
  template: object({
    steps: listOf(
      object({
        name: text,
        step_type: { const: 'standard' },
        handler: text,
        dependencies: texts,
        retryable: boolean,
        max_attempts: whole,
      }),
    ),
  }),
  steps: listOf(
    object(
      {
        step_uuid: uuid,
        name: text,
        current_state: stepState,
        attempts: int32,
        max_attempts: int32,
        dependencies_satisfied: boolean,
        retry_eligible: boolean,
      },
      {
        created_at: zoned,
        completed_at: zoned,
        last_attempted_at: zoned,
        error: object(
          { retryable: boolean },
          { error_type: text, status_code: { type: 'integer', minimum: 0, maximum: 65_535 } },
        ),
      },
    ),
  ),
  dlq: object({ in_dlq: boolean }, { dlq_reason: text, resolution_status: text }),
  links: object({ task: text, steps: text, dlq: text }),
});

const ErrorResponse = object({
  error: object({ code: text, message: text }, { details: listOf(object({ path: text, message: text })) }),
});

const HealthCheck = object(
  { status: { enum: ['healthy', 'degraded', 'unhealthy'] }, duration_ms: count, last_checked: zoned },
  { message: text },
);

const healthInfo = object({
  version: text,
  environment: text,
  operational_state: text,
  web_database_pool_size: whole,
  orchestration_database_pool_size: whole,
  circuit_breaker_state: text,
});

const systemInfo = object({
  version: text,
  environment: text,
  uptime_seconds: count,
  worker_type: text,
  database_pool_size: whole,
  command_processor_active: boolean,
  supported_namespaces: texts,
});

function health(statuses: readonly string[], checks: readonly string[]): Schema {
  return object({
    status: { enum: statuses },
    timestamp: zoned,
    worker_id: text,
    checks: object(Object.fromEntries(checks.map((name) => [name, HealthCheck]))),
    info: without('pool_utilization', healthInfo),
    system_info: systemInfo,
  });
}

const READY_CHECKS = [
  'web_database',
  'orchestration_database',
  'circuit_breaker',
  'orchestration_system',
  'command_processor',
  'database',
  'queue_processing',
];

const retry = object(
  {},
  { backoff_base_ms: count, max_backoff_ms: count },
  {
    retryable: boolean,
    max_attempts: whole,
    backoff: { enum: ['none', 'linear', 'exponential', 'fibonacci'] },
  },
);

const TaskerStepDefinition = object(
  { name: text, handler: object({ callable: text }, { method: text, resolver: text, initialization: map }) },
  {
    description: text,
    system_dependency: text,
    timeout_seconds: whole,
    result_schema: anything,
  },
  {
    type: { enum: ['standard', 'decision', 'deferred_convergence', 'batchable', 'batch_worker'] },
    dependencies: texts,
    retry,
    publishes_events: listOf(
      object(
        { name: text, description: text, schema: anything },
        { publisher: text },
        {
          condition: { enum: ['success', 'failure', 'retryable_failure', 'permanent_failure', 'always'] },
          delivery_mode: { enum: ['durable', 'fast', 'broadcast'] },
        },
      ),
    ),
  },
);

/** What a client of Tasker's worker decodes a template into, by Tasker's own types. */
const TaskerTemplate = object(
  { name: text, namespace_name: text, version: text },
  {
    description: text,
    input_schema: anything,
    metadata: object(
      {},
      { author: text, documentation_url: text, created_at: rfc3339, updated_at: rfc3339 },
      { tags: texts },
    ),
    lifecycle: object(
      {},
      {
        max_duration_minutes: int32,
        max_waiting_for_dependencies_minutes: int32,
        max_waiting_for_retry_minutes: int32,
        max_steps_in_process_minutes: int32,
        auto_fail_on_timeout: boolean,
        auto_dlq_on_timeout: boolean,
      },
      { staleness_action: text },
    ),
  },
  {
    system_dependencies: object({}, {}, { primary: text, secondary: texts }),
    domain_events: listOf(object({ name: text }, { description: text, schema: anything })),
    steps: listOf(TaskerStepDefinition),
    environments: {
      type: 'object',
      additionalProperties: object(
        {},
        {},
        {
          steps: listOf(
            object(
              { name: text },
              { handler: object({}, { initialization: map }), timeout_seconds: whole, retry },
            ),
          ),
        },
      ),
    },
  },
);

export const SCHEMAS = {
  TaskResponse,
  TaskSummary,
  TaskList: object({
    tasks: listOf(TaskResponse),
    pagination: object(
      {
        page: whole,
        per_page: whole,
        total_count: count,
        total_pages: whole,
        has_next: boolean,
        has_previous: boolean,
      },
      { total_count_estimated: boolean, next_cursor: text },
    ),
  }),
  TaskSteps: listOf(StepResponse),
  StepResponse,
  StepAudit: listOf(StepAuditResponse),
  TaskBatch: object({ tasks: listOf({ oneOf: [object({ task_uuid: uuid }), ErrorResponse] }) }),
  ErrorResponse,
  TemplateList: without(
    'cache_stats',
    object({
      namespaces: listOf(object({ name: text, template_count: count }, { description: text })),
      templates: listOf(
        object({ namespace: text, name: text, version: text, step_count: count }, { description: text }),
      ),
      total_count: count,
      supported_namespaces: texts,
      template_count: count,
      worker_capabilities: texts,
    }),
  ),
  Template: object(
    {
      namespace: text,
      name: text,
      version: text,
      configuration: map,
      steps: listOf(
        object(
          { name: text, default_retryable: boolean, default_max_attempts: int32 },
          { description: text, result_schema: anything },
        ),
      ),
      template: object({ template: TaskerTemplate, environment: text, resolved_at: zoned }),
      definition: map,
      cached: boolean,
      handler_metadata: object(
        { handler_class: text, name: text, namespace: text, version: text, registered_at: zoned },
        { config_schema: anything, default_dependent_system: text },
      ),
    },
    { description: text, cache_age_seconds: whole, access_count: whole },
  ),
  TemplateValidation: object({
    valid: boolean,
    errors: texts,
    required_capabilities: texts,
    step_handlers: texts,
  }),
  WorkerMetrics: object({
    metrics: {
      type: 'object',
      minProperties: 1,
      additionalProperties: object({
        value: number,
        metric_type: text,
        labels: { type: 'object', additionalProperties: text },
        help: text,
      }),
    },
    timestamp: zoned,
    worker_id: text,
  }),
  EventMetrics: object({
    router: object({
      total_routed: count,
      durable_routed: count,
      fast_routed: count,
      broadcast_routed: count,
      fast_delivery_errors: count,
      routing_errors: count,
    }),
    in_process_bus: object({
      total_events_dispatched: count,
      rust_handler_dispatches: count,
      ffi_channel_dispatches: count,
      rust_handler_errors: count,
      ffi_channel_drops: count,
      rust_subscriber_patterns: count,
      rust_handler_count: count,
      ffi_subscriber_count: count,
    }),
    captured_at: zoned,
    worker_id: text,
  }),
  Config: object({
    metadata: object({ timestamp: zoned, environment: text, version: text }),
    auth: object({
      enabled: boolean,
      verification_method: text,
      jwt_issuer: text,
      jwt_audience: text,
      api_key_header: text,
      api_key_count: count,
      strict_validation: boolean,
      allowed_algorithms: texts,
    }),
    circuit_breakers: object({
      enabled: boolean,
      failure_threshold: whole,
      success_threshold: whole,
      timeout_seconds: whole,
    }),
    database_pools: object({ web_api_pool_size: whole, web_api_max_connections: whole }),
    deployment_mode: text,
    messaging: object({ backend: text, queues: texts }),
    worker_id: text,
    worker_type: text,
  }),
  Health: object({ status: { const: 'healthy' }, timestamp: zoned, worker_id: text }),
  Live: object({ status: { const: 'alive' }, timestamp: zoned, worker_id: text }),
  Ready: health(['ready', 'not_ready'], READY_CHECKS),
  Detailed: health(
    ['healthy', 'degraded', 'unhealthy'],
    [
      ...READY_CHECKS,
      'pool_utilization',
      'queue_depth',
      'channel_saturation',
      'event_system',
      'step_processing',
      'circuit_breakers',
    ],
  ),
} as const satisfies Readonly<Record<string, Schema>>;

export type SchemaName = keyof typeof SCHEMAS;
