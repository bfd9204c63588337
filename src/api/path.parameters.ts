/** What the parts of paths are; for the API's description. */
export const TASK_UUID = {
  name: 'uuid',
  description: 'The task',
  schema: { type: 'string', format: 'uuid', example: '0197a0de-0000-7000-8000-000000000001' },
} as const;

export const STEP_UUID = {
  name: 'stepUuid',
  description: 'The step of the task',
  schema: { type: 'string', format: 'uuid', example: '0197a0de-0000-8000-8000-000000000002' },
} as const;

export const TEMPLATE_NAMESPACE = {
  name: 'namespace',
  schema: { type: 'string', example: 'linear_workflow' },
} as const;

export const TEMPLATE_NAME = {
  name: 'name',
  schema: { type: 'string', example: 'mathematical_sequence' },
} as const;

export const TEMPLATE_VERSION = { name: 'version', schema: { type: 'string', example: '1.0.0' } } as const;
