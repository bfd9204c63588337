/**
 * A number that is never rounded: a JSON number as long as it fits ±(2^53 − 1), beyond that the decimal digits as text.
 */
export type ExactNumber = number | string;

export function add(left: ExactNumber, right: ExactNumber): ExactNumber {
  return exact(BigInt(left) + BigInt(right));
}

export function multiply(...factors: readonly ExactNumber[]): ExactNumber {
  return exact(factors.reduce((product, factor) => product * BigInt(factor), 1n));
}

export function square(value: ExactNumber): ExactNumber {
  return multiply(value, value);
}

/**
 * @throws RangeError where the division leaves a remainder: the quotient would have to be rounded
 */
export function divide(dividend: ExactNumber, divisor: ExactNumber): ExactNumber {
  const [whole, by] = [BigInt(dividend), BigInt(divisor)];
  if (whole % by !== 0n)
    throw new RangeError(`${dividend} can't be divided by ${divisor} without a remainder`);
  return exact(whole / by);
}

function exact(value: bigint): ExactNumber {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
