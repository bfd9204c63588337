/** A double keeps any fifteen digits. */
const SHORT = /^[-.\d]{1,15}$/;
const PLAIN_INTEGER = /^-?\d+$/;
const DIGITS_COMPARED = 100;
/** No double of a hundred digits is written longer; longer texts would only cost time. */
const LONGEST_LITERAL = 500;

/**
 * What is wrong with a JSON number that a double would not give back as it was written, or null. 0.1 is fine, as is
 * every other number of at most 15 digits; 9007199254740993 and 1e400 are not.
 */
export function findNumberFault(literal: string): string | null {
  if (SHORT.test(literal)) return null;
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'is too large for a number';
  if (PLAIN_INTEGER.test(literal) && !Number.isSafeInteger(value)) {
    return 'is beyond ±(2^53 − 1), where integers lose digits; send it as a string';
  }
  return literal.length <= LONGEST_LITERAL && keepsDigits(literal, value)
    ? null
    : 'has more digits than a number keeps; send it as a string';
}

/**
 * Whether the literal's digits are the double's: the fewest that tell it from its neighbours, as most writers of JSON
 * choose them, or the double rounded to as many digits as the literal has, as others do.
 */
function keepsDigits(literal: string, value: number): boolean {
  const digits = significantDigits(literal);
  if (digits === '' || digits === significantDigits(String(value))) return true;
  if (digits.length > DIGITS_COMPARED) return false;
  const exact = BigInt(
    significantDigits(value.toExponential(DIGITS_COMPARED - 1)).padEnd(DIGITS_COMPARED, '0'),
  );
  const distance = BigInt(digits.padEnd(DIGITS_COMPARED, '0')) - exact;
  // Half a unit of the last digit either way: writers do not agree on how to round what lies in the middle.
  const unit = 10n ** BigInt(DIGITS_COMPARED - digits.length);
  return distance * 2n <= unit && distance * -2n <= unit;
}

/** Without sign, point, exponent, and zeros at either end. */
function significantDigits(literal: string): string {
  const [mantissa = ''] = literal.toLowerCase().split('e');
  return mantissa.replaceAll(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
}
