import { PACKAGE_VERSION } from '../config/index.js';
import { acrossCopies } from './copy.brand.js';

const REGISTRY = acrossCopies('copies');

/** This copy, as others see it. */
const own = `version ${PACKAGE_VERSION} in ${placeOf(import.meta.url)}`;
const copies: readonly unknown[] = [...registered(), own];
Object.defineProperty(globalThis, REGISTRY, { value: copies, configurable: true });

/** A message if this process has loaded more than one copy of the package; it names the version and the place of each. */
export function otherCopies(): string | null {
  const all = registered();
  if (all.length < 2) return null;
  return (
    `This process has loaded ${all.length} copies of tasker-nest: ${all.map(String).join('; ')}. ` +
    'Results and errors of handlers are recognised across copies, injected classes such as TaskClient are not. ' +
    'Let all packages use one version (npm ls tasker-nest shows who wants another), then npm dedupe'
  );
}

function registered(): readonly unknown[] {
  const found: unknown = Reflect.get(globalThis, REGISTRY);
  return Array.isArray(found) ? found : [];
}

/** The package's folder. A bundle may have no place to tell. */
function placeOf(url: string | undefined): string {
  return url === undefined
    ? 'a bundle'
    : decodeURI(url)
        .replace(/^file:\/\//, '')
        .replace(/\/(src|dist)\/copies\/[^/]*$/, '');
}
