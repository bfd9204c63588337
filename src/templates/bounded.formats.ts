import type { Ajv, Format, FormatDefinition } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';

/** Longer texts have no format but those below: matching them would hold up everything else. */
const LONGEST_TEXT = 65_536;
const LONGEST_PATTERN = 4_096;
/** Texts of any length; one look at each character. */
const ANY_LENGTH = new Set(['byte', 'binary', 'password']);

/** The part of the pattern of `url` that tries every length of a user at every place. */
const USER = '(?:\\S+(?::\\S*)?@)?';
/** A user ends with the last @ before the path. */
const SCHEME_AND_USER = /^((?:https?|ftp):\/\/)(?:[^/\s]+@)?/i;

type TextTest = (text: string) => boolean;

/**
 * Gives ajv the formats of ajv-formats again, so that each of them takes time in proportion to the text: texts above 65,536
 * characters (patterns: 4,096) do not have the format.
 */
export function boundFormats(ajv: Ajv): void {
  for (const [name, format] of Object.entries(fullFormats)) {
    if (ANY_LENGTH.has(name)) continue;
    const longest = name === 'regex' ? LONGEST_PATTERN : LONGEST_TEXT;
    ajv.addFormat(name, bounded(name === 'url' ? urlFormat(format) : format, longest));
  }
}

function bounded(format: Format, longest: number): Format {
  const short =
    (test: TextTest): TextTest =>
    (text) =>
      text.length <= longest && test(text);
  if (format instanceof RegExp) return short((text) => format.test(text));
  if (typeof format === 'function') return short(format);
  if (!isTextFormat(format)) return format;
  const { validate } = format;
  if (typeof validate === 'string') return format;
  return {
    ...format,
    validate: short(validate instanceof RegExp ? (text) => validate.test(text) : validate),
  };
}

function isTextFormat(format: Format): format is FormatDefinition<string> {
  return (
    typeof format === 'object' && 'validate' in format && format.type !== 'number' && format.async !== true
  );
}

/** @throws Error if the format is not that of this version of ajv-formats */
function urlFormat(format: Format): Format {
  if (!(format instanceof RegExp) || !format.source.includes(USER))
    throw new Error('ajv-formats has another pattern for url than this release knows');
  const withoutUser = new RegExp(format.source.replace(USER, ''), format.flags);
  return (text: string) => withoutUser.test(text.replace(SCHEME_AND_USER, '$1'));
}
