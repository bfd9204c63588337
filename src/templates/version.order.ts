// Nine digits a part: any two versions compare as exact numbers.
const VERSION = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;

/** `x.y.z`; pre-releases and build tags are none. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** For sorting: 1.9.0 before 1.10.0. */
export function compareVersions(left: string, right: string): number {
  const rightParts = right.split('.').map(Number);
  for (const [index, part] of left.split('.').map(Number).entries()) {
    const difference = part - (rightParts[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
