const SOURCES = new URL('../../src/', import.meta.url).href;
const BUILD = new URL('../../dist/', import.meta.url).href;

export async function resolve(specifier, context, nextResolve) {
  if (specifier.startsWith('.') && context.parentURL !== undefined) {
    const { href } = new URL(specifier, context.parentURL);
    if (href.startsWith(SOURCES)) {
      const url = href.replace(SOURCES, BUILD);
      return { url, format: 'module', shortCircuit: true };
    }
  }
  return await nextResolve(specifier, context);
}
