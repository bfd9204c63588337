/**
 * Lets plain Node run the TypeScript sources as they are, with the same transform as jest, for tests that need a
 * process of their own: `node --import ./test/support/register-ts.mjs some.ts`.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { transform } from '@swc/core';

import jestConfig from '../../jest.config.js';

const swcOptions = jestConfig.transform['^.+\\.ts$'][1];

/** Sources import each other as `./name.js`, by the name that the file has once it is built. */
export async function resolve(specifier, context, nextResolve) {
  if (isOurs(context.parentURL) && /^\.{1,2}\/.*\.js$/.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return await nextResolve(specifier, context);
}

export async function load(url, context, nextLoad) {
  if (!isOurs(url)) return await nextLoad(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    ...swcOptions,
    filename,
    swcrc: false,
  });
  return { format: 'module', source: code, shortCircuit: true };
}

function isOurs(url) {
  return url?.startsWith('file:') === true && url.endsWith('.ts') && !url.includes('/node_modules/');
}
