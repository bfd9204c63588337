import { ApiProperty } from '@nestjs/swagger';

import type { JsonObject } from '../../engine/index.js';
import { JsonObjectProperty } from '../json-property.decorator.js';

/** A namespace, and how many templates it has. */
export class NamespaceSummary {
  @ApiProperty({ example: 'linear_workflow' })
  readonly name!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly description!: string | null;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly template_count!: number;
}

/** A template in a list. */
export class TemplateSummary {
  @ApiProperty({ example: 'linear_workflow' })
  readonly namespace!: string;

  @ApiProperty({ example: 'mathematical_sequence' })
  readonly name!: string;

  @ApiProperty({ example: '1.0.0' })
  readonly version!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Four steps in a row' })
  readonly description!: string | null;

  @ApiProperty({ type: 'integer', example: 4 })
  readonly step_count!: number;
}

/** The templates that tasks can be submitted for, and those that unfinished tasks still run under. */
export class TemplateListResponse {
  @ApiProperty({ type: [NamespaceSummary] })
  readonly namespaces!: readonly NamespaceSummary[];

  @ApiProperty({ type: [TemplateSummary] })
  readonly templates!: readonly TemplateSummary[];

  @ApiProperty({ type: 'integer', description: 'How many templates this answer lists', example: 5 })
  readonly total_count!: number;

  @ApiProperty({ type: [String], description: 'The namespaces whose steps this process runs' })
  readonly supported_namespaces!: readonly string[];

  @ApiProperty({ type: 'integer', description: 'How many templates this process knows', example: 5 })
  readonly template_count!: number;

  @ApiProperty({ type: [String], example: ['standard_steps', 'domain_events'] })
  readonly worker_capabilities!: readonly string[];
}

/** A step of a template. */
export class TemplateStepSummary {
  @ApiProperty({ example: 'linear_step_1' })
  readonly name!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly description!: string | null;

  @ApiProperty()
  readonly default_retryable!: boolean;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly default_max_attempts!: number;
}

/** Who answers for a template. */
export class HandlerMetadata {
  @ApiProperty({ description: 'The task handler that its file names', example: 'LinearWorkflow' })
  readonly handler_class!: string;

  @ApiProperty({ example: 'mathematical_sequence' })
  readonly name!: string;

  @ApiProperty({ example: 'linear_workflow' })
  readonly namespace!: string;

  @ApiProperty({ example: '1.0.0' })
  readonly version!: string;

  @ApiProperty({ format: 'date-time', description: 'When this content was first seen' })
  readonly registered_at!: string;
}

/** Tasker's `ResolvedTaskTemplate`. */
export class ResolvedTemplate {
  @JsonObjectProperty({
    description: 'With the overrides of this environment in effect, under Tasker’s own keys',
  })
  readonly template!: JsonObject;

  @ApiProperty({ example: 'production', description: 'Of this process' })
  readonly environment!: string;

  @ApiProperty({ format: 'date-time', description: 'When it was put together: now' })
  readonly resolved_at!: string;
}

/** A template in full. */
export class TemplateResponse {
  @ApiProperty({ example: 'linear_workflow' })
  readonly namespace!: string;

  @ApiProperty({ example: 'mathematical_sequence' })
  readonly name!: string;

  @ApiProperty({ example: '1.0.0' })
  readonly version!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Four steps in a row' })
  readonly description!: string | null;

  @JsonObjectProperty({ description: 'With the overrides of this environment in effect' })
  readonly configuration!: JsonObject;

  @ApiProperty({ type: [TemplateStepSummary], description: 'In the order of the file' })
  readonly steps!: readonly TemplateStepSummary[];

  @ApiProperty({ type: ResolvedTemplate, description: 'As Tasker’s workers answer it' })
  readonly template!: ResolvedTemplate;

  @JsonObjectProperty({ description: 'As its file says it, defaults written out' })
  readonly definition!: JsonObject;

  @ApiProperty({
    description: 'A file of this process has it; false: only the database, for unfinished tasks',
  })
  readonly cached!: boolean;

  @ApiProperty({ type: HandlerMetadata })
  readonly handler_metadata!: HandlerMetadata;
}

/** Whether this process could run every step of a template. */
export class TemplateValidationResponse {
  @ApiProperty()
  readonly valid!: boolean;

  @ApiProperty({ type: [String], example: [] })
  readonly errors!: readonly string[];

  @ApiProperty({ type: [String], example: ['standard_steps'] })
  readonly required_capabilities!: readonly string[];

  @ApiProperty({ type: [String], description: 'The callables of its steps', example: ['linear_step_1'] })
  readonly step_handlers!: readonly string[];
}
