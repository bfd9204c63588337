import { Reflector } from '@nestjs/core';

/** Tasker's permissions. */
export const PERMISSIONS = [
  'tasks:create',
  'tasks:read',
  'tasks:list',
  'tasks:cancel',
  'tasks:context_read',
  'steps:read',
  'steps:resolve',
  'templates:read',
  'templates:validate',
  'system:config_read',
  'worker:config_read',
  'worker:templates_read',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Says which permissions open an operation: any one of them. An empty list: open to everybody. */
export const RequiresOneOf = Reflector.createDecorator<readonly Permission[]>();
