const LEAST = {
  namespace: 'linear_workflow',
  name: 'mathematical_sequence',
  version: '1.0.0',
  context: { even_number: 6 },
};

const MORE = {
  ...LEAST,
  initiator: 'order-service',
  source_system: 'web-shop',
  reason: 'A customer has ordered',
  tags: ['example'],
  priority: 10,
  correlation_id: '0197a0de-0000-7000-8000-000000000003',
  idempotency_key: 'order-4711',
};

/** Of one request, for the API's description. */
export const TASK_REQUESTS = {
  least: { summary: 'What has to be given', value: LEAST },
  more: { summary: 'Who asks, and a key to repeat it by', value: MORE },
};

/** Of many. */
export const TASK_BATCHES = {
  two: { summary: 'Two tasks', value: { tasks: [LEAST, { ...LEAST, context: { even_number: 8 } }] } },
};
