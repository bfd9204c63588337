import { delimiter } from 'node:path';

import { applyDecorators } from '@nestjs/common';
import { IsOptional, ValidateBy } from 'class-validator';

/** How one field of a settings class is read from its environment variable. */
export interface SettingDefinition {
  readonly field: string;
  readonly variable: string;
  /** The variable's text as the field's value; text that can't be read stays text, and is refused by the check. */
  readonly read: (text: string) => unknown;
  /** What a good value is, in words that follow "expected". */
  readonly expected: string;
  /** How a bad value is shown; secrets are masked here. */
  readonly show: (value: string) => string;
}

interface SettingRule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  readonly read?: (text: string) => unknown;
  readonly show?: (value: string) => string;
}

const DECLARED = new WeakMap<object, readonly SettingDefinition[]>();

/** The settings that a class declares, in the order in which it declares them. */
export function settingsOf(settingsClass: object): readonly SettingDefinition[] {
  return DECLARED.get(settingsClass) ?? [];
}

/** A text setting; the rule says which texts are good. */
export function TextSetting(variable: string, rule: SettingRule): PropertyDecorator {
  return Setting(variable, rule);
}

/** An integer from `min` to `max`, both included. */
export function IntegerSetting(variable: string, min: number, max: number): PropertyDecorator {
  return Setting(variable, {
    expected: `an integer from ${min} to ${max}`,
    read: (text) => (/^[+-]?\d+$/.test(text) ? Number(text) : text),
    accepts: (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
  });
}

/** On or off: `true`, `false`, `1` or `0`, in any case. */
export function SwitchSetting(variable: string): PropertyDecorator {
  const spellings = new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ]);
  return Setting(variable, {
    expected: 'true, false, 1 or 0',
    read: (text) => spellings.get(text.toLowerCase()) ?? text,
    accepts: (value) => typeof value === 'boolean',
  });
}

/** One of a few words; `aliases` are other spellings that the environment may use for them. */
export function ChoiceSetting(
  variable: string,
  choices: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): PropertyDecorator {
  const spellings = new Map([
    ...choices.map((choice) => [choice, choice] as const),
    ...Object.entries(aliases),
  ]);
  return Setting(variable, {
    expected: `one of ${[...spellings.keys()].join(', ')}`,
    read: (text) => spellings.get(text) ?? text,
    accepts: (value) => typeof value === 'string' && choices.includes(value),
  });
}

/** Names separated by commas; blanks around them and repeats do not count. */
export function NameListSetting(variable: string): PropertyDecorator {
  return ListSetting(variable, ',', 'names separated by commas');
}

/** Directories separated as in `PATH`: by `:`, on Windows by `;`. */
export function DirectoryListSetting(variable: string): PropertyDecorator {
  return ListSetting(variable, delimiter, `directories separated by "${delimiter}"`);
}

function ListSetting(variable: string, separator: string, expected: string): PropertyDecorator {
  return Setting(variable, {
    expected: `${expected}, at least one`,
    read: (text) => splitList(text, separator),
    accepts: (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((item) => typeof item === 'string' && item.trim() !== ''),
  });
}

function splitList(text: string, separator: string): readonly string[] {
  const items = text.split(separator).map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}

function Setting(variable: string, rule: SettingRule): PropertyDecorator {
  return applyDecorators(
    declareSetting(variable, rule),
    // A setting without a default stays undefined where it is not given.
    IsOptional(),
    ValidateBy({
      name: 'setting',
      validator: { validate: rule.accepts, defaultMessage: () => rule.expected },
    }),
  );
}

function declareSetting(variable: string, rule: SettingRule): PropertyDecorator {
  return (prototype, property) => {
    const definition: SettingDefinition = {
      field: String(property),
      variable,
      read: rule.read ?? ((text) => text),
      expected: rule.expected,
      show: rule.show ?? ((value) => value),
    };
    DECLARED.set(prototype.constructor, [...settingsOf(prototype.constructor), definition]);
  };
}
