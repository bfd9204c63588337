import { Module } from '@nestjs/common';
import { TaskerModule } from '../../tasker.module.js';
import { LinearStep1Handler } from './linear-step-1.handler.js';
import { LinearStep2Handler } from './linear-step-2.handler.js';
import { LinearStep3Handler } from './linear-step-3.handler.js';
import { LinearStep4Handler } from './linear-step-4.handler.js';

/** Namespace `linear_workflow`: four steps, one after the other. Its template is in `config/tasks/linear_workflow`. */
@Module({
  imports: [TaskerModule.forFeature({ namespace: 'linear_workflow' })],
  providers: [LinearStep1Handler, LinearStep2Handler, LinearStep3Handler, LinearStep4Handler],
})
export class LinearWorkflowModule {}
