import { type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';

import type { Violation } from '../engine/index.js';
import { MOST_VIOLATIONS } from '../templates/index.js';
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
  const known = knownFields(dtoClass);
  const dto = new dtoClass();
  for (const field of known)
    if (Object.hasOwn(value, field)) Reflect.set(dto, field, Reflect.get(value, field));
  const unknown = Object.keys(value).filter((field) => !known.has(field));
  const errors = await validate(dto, { stopAtFirstError: true, forbidUnknownValues: false });
  const listed = unknown.slice(0, MOST_VIOLATIONS);
  const violations = [...listed.map(unknownField), ...errors.flatMap(toViolations)];
  if (violations.length > 0) throw refusal(violations, unknown.length - listed.length);
  // The JSON parser lets none through; this is about queries.
  const unstorable = [...known].filter((field) => isUnstorable(Reflect.get(dto, field)));
  if (unstorable.length > 0) throw new InvalidRequestError(unstorable.map(unstorableField));
  return dto;
}

/** Lists the first hundred, and counts the others. */
function refusal(violations: readonly Violation[], unlisted: number): InvalidRequestError {
  const told = violations.slice(0, MOST_VIOLATIONS);
  const rest = violations.length - told.length + unlisted;
  return new InvalidRequestError(told, rest === 0 ? null : `${rest} more`);
}

/** The fields that the class has rules for; they are few, however many a client sends. */
function knownFields(dtoClass: Type): ReadonlySet<string> {
  const known = fields.get(dtoClass);
  if (known !== undefined) return known;
  const rules = getMetadataStorage().getTargetValidationMetadatas(dtoClass, '', false, false);
  const found = new Set(rules.map(({ propertyName }) => propertyName));
  fields.set(dtoClass, found);
  return found;
}

const fields = new WeakMap<Type, ReadonlySet<string>>();

function unknownField(field: string): Violation {
  return { path: formatPath([field]), message: NOT_A_FIELD };
}

/** PostgreSQL takes no NUL character, not even to compare with. */
function isUnstorable(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0');
}

function unstorableField(field: string): Violation {
  return { path: formatPath([field]), message: 'holds a NUL character, which no stored text holds' };
}

function toViolations({ property, constraints = {} }: ValidationError): readonly Violation[] {
  return Object.values(constraints).map((message) => ({ path: formatPath([property]), message }));
}
