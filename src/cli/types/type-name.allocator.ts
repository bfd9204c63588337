// Longer ones fill a line, and nobody reads them; a step's name alone may have 255 characters.
const LONGEST = 60;

/** Gives out the type names of one generated file: legal identifiers, none twice, the same for the same template. */
export class TypeNameAllocator {
  private readonly taken = new Set(['JsonValue', 'JsonObject']);

  /** The wished name, with a number behind it where it is taken already. */
  take(wish: string): string {
    return this.takeStem(wish, ['']);
  }

  /** A stem, numbered like that, of which every name `<stem><suffix>` is free; they are taken then. */
  takeStem(wish: string, suffixes: readonly string[]): string {
    const longest = LONGEST - Math.max(...suffixes.map((suffix) => suffix.length));
    const short = Array.from(wish).slice(0, longest).join('');
    let stem = short;
    for (let number = 2; this.isTaken(stem, suffixes); number++) stem = `${short}_${number}`;
    for (const suffix of suffixes) this.taken.add(stem + suffix);
    return stem;
  }

  private isTaken(stem: string, suffixes: readonly string[]): boolean {
    return suffixes.some((suffix) => this.taken.has(stem + suffix));
  }
}

/** `linear_step_1` as `LinearStep1`; whatever can't be in an identifier separates words. May be empty. */
export function pascalCase(words: string): string {
  return words
    .split(/[^\p{L}\p{Nd}]+/u)
    .map((word) => word.replace(/^./u, (letter) => letter.toUpperCase()))
    .join('');
}

/** A name that begins as an identifier has to, whatever the words are. */
export function identifierStem(words: string, prefix: string): string {
  const stem = pascalCase(words);
  return /^\p{L}/u.test(stem) ? stem : prefix + stem;
}

/** What one of many is called: `OrderItems` holds `OrderItem`, `Categories` holds `Category`, `Sku` holds `SkuItem`. */
export function itemName(name: string): string {
  if (/[^e]ies$/.test(name)) return name.replace(/ies$/, 'y');
  if (/(ss|sh|ch|x)es$/.test(name)) return name.replace(/es$/, '');
  return /[^sui]s$/.test(name) ? name.replace(/s$/, '') : `${name}Item`;
}
