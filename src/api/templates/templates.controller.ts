import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { Operation } from '../../http/openapi/operation.decorator.js';
import { TemplateDesk } from './template.desk.js';
import { TemplateQueryDto } from './template-query.dto.js';
import { TemplateListResponse, TemplateResponse, TemplateValidationResponse } from './template.responses.js';

const TEMPLATE_NOT_FOUND = {
  NOT_FOUND: 'Task template not found: linear_workflow/mathematical_sequence/9.9.9',
} as const;

/** The templates that this service knows. */
@ApiTags('templates')
@Controller('v1/templates')
export class TemplatesController {
  constructor(private readonly desk: TemplateDesk) {}

  @Get()
  @Operation({
    summary: 'List templates',
    permissions: ['templates:read', 'worker:templates_read'],
    answer: TemplateListResponse,
  })
  async list(@Query() { namespace }: TemplateQueryDto): Promise<TemplateListResponse> {
    return this.desk.list(namespace);
  }

  @Get(':namespace/:name/:version')
  @Operation({
    summary: 'Read a template',
    permissions: ['templates:read', 'worker:templates_read'],
    answer: TemplateResponse,
    errors: TEMPLATE_NOT_FOUND,
  })
  async read(
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('version') version: string,
  ): Promise<TemplateResponse> {
    return this.desk.read(namespace, name, version);
  }

  @Post(':namespace/:name/:version/validate')
  @Operation({
    summary: 'Check whether this process can run a template',
    description: 'Every step needs exactly one handler. A process that serves the API only runs none.',
    permissions: ['templates:validate'],
    answer: TemplateValidationResponse,
    errors: TEMPLATE_NOT_FOUND,
  })
  async validate(
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('version') version: string,
  ): Promise<TemplateValidationResponse> {
    return this.desk.validate(namespace, name, version);
  }
}
