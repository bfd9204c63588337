import { Module } from '@nestjs/common';
import { TaskerModule } from '../../tasker.module.js';
import { DagAnalyzeHandler } from './dag-analyze.handler.js';
import { DagFinalizeHandler } from './dag-finalize.handler.js';
import { DagInitHandler } from './dag-init.handler.js';
import { DagProcessHandler } from './dag-process.handler.js';
import { DagTransformHandler } from './dag-transform.handler.js';
import { DagValidateHandler } from './dag-validate.handler.js';

/** Namespace `mixed_dag_workflow`: branches, joins and a shared end. Its template is in `config/tasks/mixed_dag_workflow`. */
@Module({
  imports: [TaskerModule.forFeature({ namespace: 'mixed_dag_workflow' })],
  providers: [
    DagAnalyzeHandler,
    DagFinalizeHandler,
    DagInitHandler,
    DagProcessHandler,
    DagTransformHandler,
    DagValidateHandler,
  ],
})
export class MixedDagWorkflowModule {}
