import { Module } from '@nestjs/common';

import { HttpModule } from '../http/index.js';
import { ConfigController } from './config/config.controller.js';
import { TaskEventFeed } from './events/task-event.feed.js';
import { TaskEventsController } from './events/task-events.controller.js';
import { StepActions } from './steps/step-actions.js';
import { StepsController } from './steps/steps.controller.js';
import { TaskBatchSubmitter } from './tasks/task-batch.submitter.js';
import { TaskListController } from './tasks/task-list.controller.js';
import { TaskWaiter } from './tasks/task.waiter.js';
import { TasksController } from './tasks/tasks.controller.js';
import { TemplateDesk } from './templates/template.desk.js';
import { TemplatesController } from './templates/templates.controller.js';

/** The REST API. It takes `TaskClient` from a global module; `configureHttp` makes its application speak strict JSON. */
@Module({
  imports: [HttpModule],
  controllers: [
    ConfigController,
    TaskListController,
    TaskEventsController,
    TasksController,
    StepsController,
    TemplatesController,
  ],
  providers: [TaskEventFeed, TaskWaiter, TaskBatchSubmitter, StepActions, TemplateDesk],
})
export class ApiModule {}
