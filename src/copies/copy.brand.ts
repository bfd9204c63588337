/**
 * npm may install the package twice, for a library of handlers and for the application that runs them. A class of one copy is
 * then another class than that of the other copy, so what passes between the two is recognised by symbols that they share.
 */

const isInstance = Function.prototype[Symbol.hasInstance];

/** The symbol of this name that all copies of the package in this process share. */
export function acrossCopies(name: string): symbol {
  return Symbol.for(`tasker-nest:${name}`);
}

/**
 * Makes `instanceof` true for instances of the same class of another copy. Call it in a static block of the class. Classes that
 * extend it are not concerned: each is recognised across copies only if it says so itself.
 */
export function recogniseAcrossCopies(type: abstract new (...args: never[]) => object, name: string): void {
  const brand = acrossCopies(name);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (typeof this !== 'function' || typeof value !== 'object' || value === null) return false;
      return isInstance.call(this, value) || (this === type && brand in value);
    },
  });
}
