import { Module } from '@nestjs/common';
import { TaskerModule } from '../../tasker.module.js';
import { TreeBranchHandler } from './tree-branch.handler.js';
import { TreeFinalConvergenceHandler } from './tree-final-convergence.handler.js';
import { TreeLeftLeafHandler } from './tree-left-leaf.handler.js';
import { TreeRightLeafHandler } from './tree-right-leaf.handler.js';
import { TreeRootHandler } from './tree-root.handler.js';

/** Namespace `tree_workflow`: a root, two branches, four leaves, and a join. Its template is in `config/tasks/tree_workflow`. */
@Module({
  imports: [TaskerModule.forFeature({ namespace: 'tree_workflow' })],
  providers: [
    TreeBranchHandler,
    TreeFinalConvergenceHandler,
    TreeLeftLeafHandler,
    TreeRightLeafHandler,
    TreeRootHandler,
  ],
})
export class TreeWorkflowModule {}
