import { Injectable } from '@nestjs/common';
import { ProductCatalogue } from './product.catalogue.js';
import type { Product } from './product.catalogue.js';

const PRODUCTS: ReadonlyMap<string, Product> = new Map([
  ['WIDGET-001', { name: 'Premium Widget A', category: 'widgets' }],
  ['WIDGET-002', { name: 'Deluxe Widget B', category: 'widgets' }],
  ['GADGET-002', { name: 'Standard Gadget C', category: 'gadgets' }],
]);

/** Three products to try the workflow with. */
@Injectable()
export class ExampleCatalogue extends ProductCatalogue {
  async find(): Promise<ReadonlyMap<string, Product>> {
    return PRODUCTS;
  }
}
