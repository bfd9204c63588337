import { DiamondWorkflowModule } from './diamond-workflow/diamond-workflow.module.js';
import { LinearWorkflowModule } from './linear-workflow/linear-workflow.module.js';
import { MixedDagWorkflowModule } from './mixed-dag-workflow/mixed-dag-workflow.module.js';
import { OrderFulfillmentModule } from './order-fulfillment/order-fulfillment.module.js';
import { TreeWorkflowModule } from './tree-workflow/tree-workflow.module.js';

/** The namespaces that this service ships. */
export const WORKFLOW_MODULES = [
  LinearWorkflowModule,
  DiamondWorkflowModule,
  TreeWorkflowModule,
  MixedDagWorkflowModule,
  OrderFulfillmentModule,
];
