/** An amount in the smallest unit of its currency, so that sums, products and fees are exact: 2999n is 29.99. */
export type Cents = bigint;

const WITH_DECIMALS = /^(\d+)\.(\d{1,2})$/;

/**
 * An amount as JSON has it. Its decimal text is read, not its binary value: 29.99 is 2999n. Null where it is no amount of
 * money: negative, or with more than two decimals.
 */
export function toCents(amount: number): Cents | null {
  if (Number.isInteger(amount)) return amount < 0 ? null : BigInt(amount) * 100n;
  const [, whole, decimals] = WITH_DECIMALS.exec(String(amount)) ?? [];
  return whole === undefined || decimals === undefined ? null : BigInt(whole + decimals.padEnd(2, '0'));
}

/** The amount as JSON has it: a number that prints as exactly these digits. */
export function fromCents(cents: Cents): number {
  return Number(formatCents(cents));
}

/** `209.97` */
export function formatCents(cents: Cents): string {
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}

/** So many thousandths of an amount, rounded half up: 29 of 209.97 are 6.09. */
export function perMille(amount: Cents, thousandths: bigint): Cents {
  return (amount * thousandths + 500n) / 1000n;
}
