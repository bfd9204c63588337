import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';

import { ErrorContent } from '../../http/index.js';

/** One of many requests, accepted, or a repeat of what had been accepted. */
export class AcceptedTask {
  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;
}

/** One of many requests, refused. Paths in its details begin with its place, such as `tasks[3].context`. */
export class RefusedTask {
  @ApiProperty()
  readonly error!: ErrorContent;
}

/** What became of each request of a batch. */
@ApiExtraModels(AcceptedTask, RefusedTask)
export class TaskBatchResponse {
  @ApiProperty({
    description: 'In the order of the request',
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(AcceptedTask) }, { $ref: getSchemaPath(RefusedTask) }] },
  })
  readonly tasks!: readonly (AcceptedTask | RefusedTask)[];
}
