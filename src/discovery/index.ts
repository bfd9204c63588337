export { classesOf, isShared, metadataOf } from './provider.classes.js';
export type { ProviderClass, ProviderWrapper } from './provider.classes.js';
