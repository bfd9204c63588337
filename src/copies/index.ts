export { acrossCopies, recogniseAcrossCopies } from './copy.brand.js';
export { otherCopies } from './loaded.copies.js';
