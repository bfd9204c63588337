/**
 * Loads `bundle.cjs`, which lies beside this file in `dist/service`, with the code that V8 made of it at the build
 * (`bundle.cache`). Where there is no such code, or it is not what this very Node wrote for this bundle in this place, or V8 does
 * not take it (it was made with other flags), V8 compiles the bundle: that costs a moment and changes nothing else.
 */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const BUNDLE = new URL('bundle.cjs', import.meta.url);
const CACHE = new URL('bundle.cache', import.meta.url);
const DIGEST_BYTES = 32;
const MADE_FOR = JSON.stringify([process.version, process.arch, process.config, BUNDLE.href]);

const source = readFileSync(BUNDLE);
const script = new Script(source.toString('latin1'), { filename: BUNDLE.href, cachedData: readCache() });
const require = createRequire(BUNDLE);
const module = new Module(fileURLToPath(BUNDLE));
if (process.sourceMapsEnabled) registerSourceMap();
// Code out of a cache can't say who it is that imports: this module does it for the bundle.
script.runInThisContext()(module, require, import.meta, (name) => import(name));

/** What the bundle's entry point exports. */
export const bundle = module.exports;

/** Whether V8 took the code that was made before. */
export const fromCache = script.cachedDataRejected === false;

/** Keeps what V8 has compiled of the bundle until now, for the processes to come. */
export function writeCache() {
  const code = script.createCachedData();
  writeFileSync(CACHE, Buffer.concat([digest(code), code]));
}

/**
 * V8 believes what it is given. It compares the length of the source and the version of V8, which several releases of Node have
 * in common that can't run each other's code; and it takes over the place of the bundle, which the stacks of errors show.
 */
function readCache() {
  let file;
  try {
    file = readFileSync(CACHE);
  } catch {
    return undefined;
  }
  const code = file.subarray(DIGEST_BYTES);
  return digest(code).equals(file.subarray(0, DIGEST_BYTES)) ? code : undefined;
}

function digest(code) {
  return createHash('sha256').update(MADE_FOR).update(source).update(code).digest();
}

/** Node reads the source maps of modules, not that of a script: a module of the bundle's name, with nothing else in it. */
function registerSourceMap() {
  module._compile('//# sourceMappingURL=bundle.cjs.map', module.id);
  // Node keeps the map for as long as there is the module.
  require.cache[module.id] = module;
}
