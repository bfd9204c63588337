import { LinearWorkflowModule } from './linear-workflow/linear-workflow.module.js';

/** The namespaces that this service ships. */
export const WORKFLOW_MODULES = [LinearWorkflowModule];
