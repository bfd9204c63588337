import { IsISO8601, IsObject, Length, ValidateBy } from 'class-validator';

import { characters, isUuid } from '../engine/index.js';

/** A string with something in it, of at most `longest` characters. */
export function IsText(longest: number): PropertyDecorator {
  return ValidateBy({
    name: 'rule',
    validator: {
      validate: (value) => isFilledText(value) && characters(value, longest) <= longest,
      defaultMessage: (found) =>
        isFilledText(found?.value)
          ? `must be a string of at most ${longest} characters, got ${characters(found?.value, longest)}`
          : 'must be a non-empty string',
    },
  });
}

/** A string of `min` to `max` characters. */
export function IsTextOfLength(min: number, max: number): PropertyDecorator {
  return Length(min, max, { message: `must be a string of ${min} to ${max} characters` });
}

export function IsUuid(): PropertyDecorator {
  return Rule('must be a uuid', isUuid);
}

export function IsTimestamp(): PropertyDecorator {
  return IsISO8601(
    { strict: true, strictSeparator: true },
    { message: 'must be a timestamp such as 2026-01-31T12:00:00.000Z' },
  );
}

/** A JSON number without a fraction; "5" is not one. */
export function IsIntegerFrom(min: number, max: number): PropertyDecorator {
  return Rule(`must be an integer from ${min} to ${max}`, (value) => isIntegerFrom(min, max, value));
}

/** An integer as a query spells it. */
export function IsDigitsFrom(min: number, max: number): PropertyDecorator {
  return Rule(
    `must be an integer from ${min} to ${max}`,
    (value) => typeof value === 'string' && /^\d+$/.test(value) && isIntegerFrom(min, max, Number(value)),
  );
}

/** A list of at most `most` texts. */
export function IsTextList(most: number): PropertyDecorator {
  return Rule(
    `must be an array of at most ${most} strings`,
    (value) =>
      Array.isArray(value) && value.length <= most && value.every((item) => typeof item === 'string'),
  );
}

/** A list of `min` to `max` items; what an item is, is looked at elsewhere. */
export function IsListOfLength(min: number, max: number): PropertyDecorator {
  return Rule(
    `must be an array of ${min} to ${max} items`,
    (value) => Array.isArray(value) && value.length >= min && value.length <= max,
  );
}

/** Any JSON value, null among them, but given. */
export function IsGiven(): PropertyDecorator {
  return Rule('must be given, null where there is none', (value) => value !== undefined);
}

/** A JSON object whose inside is the client's own. */
export function IsJsonObject(): PropertyDecorator {
  return IsObject({ message: 'must be an object' });
}

function isFilledText(value: unknown): value is string {
  return typeof value === 'string' && /\S/.test(value);
}

function Rule(message: string, accepts: (value: unknown) => boolean): PropertyDecorator {
  return ValidateBy({ name: 'rule', validator: { validate: accepts, defaultMessage: () => message } });
}

function isIntegerFrom(min: number, max: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
