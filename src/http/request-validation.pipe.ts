import { type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { validate, type ValidationError } from 'class-validator';

import type { Violation } from '../engine/index.js';
import { InvalidRequestError } from './api.errors.js';
import { formatPath } from './value-path.format.js';

const NOT_A_FIELD = 'is not a known field';

/** Types that say nothing about fields; TypeScript emits `Object` for interfaces. */
const NOT_A_DTO: ReadonlySet<unknown> = new Set([Object, Array, String, Number, Boolean]);

/**
 * Turns a body or a query into its DTO, or refuses it with one violation for each field that is wrong.
 *
 * It is not Nest's `ValidationPipe`: that one copies the request with class-transformer, which loses keys such as
 * `constructor` from the client's data, fails on others, and passes over fields that are named like a method of
 * `Object`. Here the values stay the ones that the JSON parser made.
 */
export class RequestValidationPipe implements PipeTransform<unknown> {
  async transform(value: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    if ((type !== 'body' && type !== 'query') || metatype === undefined || NOT_A_DTO.has(metatype))
      return value;
    return readDto(metatype, value);
  }
}

/**
 * The value as an instance of its DTO class. For a value inside another one the caller says where: paths are seen from the
 * whole.
 *
 * @throws InvalidRequestError with one violation for each field that is wrong
 */
export async function readDto<Dto extends object>(
  dtoClass: Type<Dto>,
  value: unknown,
  at = '$',
): Promise<Dto> {
  try {
    return await toDto(dtoClass, value);
  } catch (error) {
    throw error instanceof InvalidRequestError ? error.within(at) : error;
  }
}

async function toDto<Dto extends object>(dtoClass: Type<Dto>, value: unknown): Promise<Dto> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidRequestError([{ path: '$', message: 'must be a JSON object' }]);
  }
  const unseen = findUnseenFields(value);
  if (unseen.length > 0) throw new InvalidRequestError(unseen);
  const dto = Object.assign(new dtoClass(), value);
  const errors = await validate(dto, { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true });
  if (errors.length > 0) throw new InvalidRequestError(errors.flatMap(toViolations));
  // The JSON parser lets none through; this is about queries.
  const unstorable = Object.keys(value).filter((field) => isUnstorable(Reflect.get(value, field)));
  if (unstorable.length > 0) throw new InvalidRequestError(unstorable.map(unstorableField));
  return dto;
}

/** PostgreSQL takes no NUL character, not even to compare with. */
function isUnstorable(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0');
}

function unstorableField(field: string): Violation {
  return { path: formatPath([field]), message: 'holds a NUL character, which no stored text holds' };
}

/** No DTO has fields of these names, and class-validator takes what it inherits from `Object` for its own entries. */
function findUnseenFields(value: object): readonly Violation[] {
  return Object.keys(value)
    .filter((field) => field in Object.prototype)
    .map((field) => ({ path: formatPath([field]), message: NOT_A_FIELD }));
}

function toViolations({ property, constraints = {} }: ValidationError): readonly Violation[] {
  return Object.entries(constraints).map(([rule, message]) => ({
    path: formatPath([property]),
    message: rule === 'whitelistValidation' ? NOT_A_FIELD : message,
  }));
}
