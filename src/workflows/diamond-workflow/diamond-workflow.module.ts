import { Module } from '@nestjs/common';
import { TaskerModule } from '../../tasker.module.js';
import { DiamondBranchHandler } from './diamond-branch.handler.js';
import { DiamondEndHandler } from './diamond-end.handler.js';
import { DiamondStartHandler } from './diamond-start.handler.js';

/** Namespace `diamond_workflow`: two branches side by side, and a join. Its template is in `config/tasks/diamond_workflow`. */
@Module({
  imports: [TaskerModule.forFeature({ namespace: 'diamond_workflow' })],
  providers: [DiamondBranchHandler, DiamondEndHandler, DiamondStartHandler],
})
export class DiamondWorkflowModule {}
