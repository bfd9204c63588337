import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';

import { Operation } from '../../http/index.js';
import { TEMPLATE_NAME, TEMPLATE_NAMESPACE, TEMPLATE_VERSION } from '../path.parameters.js';
import { TemplateDesk } from './template.desk.js';
import { TemplateQueryDto } from './template-query.dto.js';
import { TemplateListResponse, TemplateResponse, TemplateValidationResponse } from './template.responses.js';

const TEMPLATE_NOT_FOUND = {
  BAD_REQUEST: "Failed to decode param '%ff'",
  NOT_FOUND: 'Task template not found: linear_workflow/mathematical_sequence/9.9.9',
} as const;

/** The templates that this service knows. */
@ApiTags('templates')
@Controller('v1/templates')
export class TemplatesController {
  constructor(private readonly desk: TemplateDesk) {}

  @Get()
  @Operation({
    id: 'listTemplates',
    summary: 'List templates',
    permissions: ['templates:read', 'worker:templates_read'],
    answer: TemplateListResponse,
    errors: { BAD_REQUEST: 'The request is not valid: name: is not a known field' },
  })
  async list(@Query() { namespace }: TemplateQueryDto): Promise<TemplateListResponse> {
    return this.desk.list(namespace);
  }

  @Get(':namespace/:name/:version')
  @ApiParam(TEMPLATE_NAMESPACE)
  @ApiParam(TEMPLATE_NAME)
  @ApiParam(TEMPLATE_VERSION)
  @Operation({
    id: 'getTemplate',
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
  @ApiParam(TEMPLATE_NAMESPACE)
  @ApiParam(TEMPLATE_NAME)
  @ApiParam(TEMPLATE_VERSION)
  @Operation({
    id: 'validateTemplate',
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
