export interface Product {
  readonly name: string;
  readonly category: string;
}

/** What can be ordered. Provide your own under this token; stock is counted elsewhere, by `Inventory`. */
export abstract class ProductCatalogue {
  /** The products that exist, by sku. */
  abstract find(skus: readonly string[]): Promise<ReadonlyMap<string, Product>>;
}
