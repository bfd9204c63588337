/**
 * The last step of `npm run build`: puts what the service's two programs are made of (`src/service.ts`), with the packages that
 * it uses, into one file in `dist/service`, and what V8 makes of that file beside it. Reading a thousand small modules, and
 * compiling them, is most of what a start costs otherwise. Everything else in `dist` stays as it was compiled, module by module:
 * it is what the library is made of, and the two programs run from it just as well.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const SERVICE = join(DIST, 'service');
const BUNDLE = join(SERVICE, 'bundle.cjs');
const ENTRY = join(DIST, 'service.js');
const EXPORTS = ['WORKFLOW_MODULES', 'WorkerBootstrap'];
const LOADER = fileURLToPath(new URL('./bundle.loader.mjs', import.meta.url));
const REHEARSAL = fileURLToPath(new URL('./start.rehearsal.mjs', import.meta.url));

/** Left in `node_modules`: what has to be evaluated before everything else, and what finds its own files by where it lies. */
const APART = ['reflect-metadata', 'pino', 'node-pg-migrate', 'swagger-ui-dist'];

/** A module in `dist` finds its assets (migrations, scripts) beside itself, wherever its code has gone. */
const assetsStayPut = {
  name: 'assets-stay-put',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const place = relative(DIST, path);
      if (place.startsWith('..')) return undefined;
      const source = await readFile(path, 'utf8');
      if (!source.includes('import.meta.url')) return undefined;
      const url = `new URL(${JSON.stringify(`../${place.split(sep).join('/')}`)}, import.meta.url).href`;
      return { contents: source.replaceAll('import.meta.url', url), resolveDir: dirname(path) };
    });
  },
};

/** The driver finds out whether it runs at Cloudflare by a `Response`; Node then loads all of `fetch`, at each start. */
const notAtCloudflare = {
  name: 'not-at-cloudflare',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]pg[\\/]lib[\\/]stream\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replace('function isCloudflareRuntime() {', '$& return false;');
      if (contents === source) throw new Error(`${path} has no isCloudflareRuntime() any more`);
      return { contents, resolveDir: dirname(path) };
    });
  },
};

/** Of ASCII alone the bundle takes a byte a character in memory. The bundler escapes what is in strings, not what is in patterns. */
const asciiAlone = {
  name: 'ascii-alone',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { contents: escaped(source), resolveDir: dirname(path) };
    });
  },
};

function escaped(source) {
  return source.replaceAll(/(\\*)([\u0080-\uffff])/g, (_, backslashes, character) => {
    const code = `u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    // One that is escaped already has its backslash.
    return backslashes.length % 2 === 1 ? `${backslashes}${code}` : `${backslashes}\\${code}`;
  });
}

/** Nest and others look for packages that may not be there, and do without them. */
const missingStayMissing = {
  name: 'missing-stay-missing',
  setup({ onResolve, resolve }) {
    const looking = Symbol('looking');
    onResolve({ filter: /^[^./\\]/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === looking || from.kind === 'entry-point') return undefined;
      const { errors } = await resolve(path, { ...from, pluginData: looking });
      return errors.length > 0 ? { path, external: true } : undefined;
    });
  },
};

/** The service's own classes that are called otherwise in the bundle. */
async function renamedClasses(bundle) {
  const names = new Set();
  for (const file of await readdir(DIST, { recursive: true })) {
    if (!file.endsWith('.js')) continue;
    const source = await readFile(join(DIST, file), 'utf8');
    for (const [, name] of source.matchAll(/\bclass (\w+)/g)) names.add(name);
  }
  // Those of its modules are assigned; a class that is declared is one within a function of some package.
  return [...bundle.matchAll(/= ?class (\w+?)\d+\b|\b(\w+?)\d+ ?= ?class\b/g)]
    .map(([, inner, outer]) => inner ?? outer)
    .filter((name) => names.has(name));
}

/**
 * Code that V8 takes out of a cache can't say who it is that imports; the loader does it in its stead. A word of the same length:
 * the source map stays right.
 */
function withImportsOfLoader(code) {
  return code.replaceAll(/(?<![\w$.])import(?=\()/g, 'Import');
}

await rm(SERVICE, { recursive: true, force: true });
const { outputFiles } = await build({
  entryPoints: [ENTRY],
  outfile: BUNDLE,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.12',
  // ES modules where a package has them: of those only what is used is taken.
  mainFields: ['module', 'main'],
  external: APART,
  plugins: [assetsStayPut, notAtCloudflare, asciiAlone, missingStayMissing],
  // One expression, a function for the loader to call; as strict as an ES module.
  banner: { js: '(function (module, require, importMeta, Import) { "use strict";' },
  footer: { js: '})' },
  define: { 'import.meta': 'importMeta' },
  legalComments: 'linked',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  write: false,
});
const code = outputFiles.find(({ path }) => path === BUNDLE).text;
// Nest tells classes by their names in its log. To have the bundler keep each name whatever happens would cost every closure
// that is made at run time; it changes only those that meet another of the same name.
const renamed = await renamedClasses(code);
if (renamed.length > 0)
  throw new Error(
    `The bundle has other names for ${renamed.join(', ')}: a package has a class of that name, choose another`,
  );

if (/[^\0-\x7f]/.test(code)) throw new Error('The bundle has other characters than those of ASCII');

await mkdir(SERVICE);
for (const { path, contents } of outputFiles)
  await writeFile(path, path === BUNDLE ? withImportsOfLoader(code) : contents);
await copyFile(LOADER, join(SERVICE, basename(LOADER)));
// Away from the settings of whoever builds.
const { PATH, SystemRoot } = process.env;
await promisify(execFile)(process.execPath, [REHEARSAL], { cwd: SERVICE, env: { PATH, SystemRoot } });

await rm(`${ENTRY}.map`);
await writeFile(
  ENTRY,
  `import { bundle } from './service/${basename(LOADER)}';\nexport const { ${EXPORTS.join(', ')} } = bundle;\n`,
);
