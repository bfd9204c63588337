import { Module } from '@nestjs/common';

import { TaskWaiter } from './tasks/task.waiter.js';
import { TasksController } from './tasks/tasks.controller.js';

/** The REST API. It takes `TaskClient` from a global module; `configureHttp` makes its application speak strict JSON. */
@Module({ controllers: [TasksController], providers: [TaskWaiter] })
export class ApiModule {}
