/**
 * The last step of `npm run build`: puts what the service's two programs are made of (`src/service.ts`), with the packages that
 * it uses, into one file in `dist/service`, and what V8 makes of that file beside it. Reading a thousand small modules, and
 * compiling them, is most of what a start costs otherwise. Everything else in `dist` stays as it was compiled, module by module:
 * it is what the library is made of, and the two programs run from it just as well.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const SERVICE = join(DIST, 'service');
const BUNDLE = join(SERVICE, 'bundle.cjs');
const ENTRY = join(DIST, 'service.js');
const EXPORTS = ['WORKFLOW_MODULES', 'WorkerBootstrap'];
const LOADER = fileURLToPath(new URL('./bundle.loader.mjs', import.meta.url));
const REHEARSAL = fileURLToPath(new URL('./start.rehearsal.mjs', import.meta.url));

/** Left in `node_modules`: what has to be evaluated before everything else, and what finds its own files by where it lies. */
const APART = ['reflect-metadata', 'pino', 'node-pg-migrate', 'swagger-ui-dist'];

/** What is done to modules before they are bundled: to which, by their place below `dist` or `node_modules`, and what. */
const CHANGES = [
  { where: /^dist[\\/]/, change: withAssetsWhereTheyWere },
  { where: /^(dist|node_modules[\\/](@nestjs|nestjs-))/, change: withClassesNamed },
  { where: /^node_modules[\\/]pg[\\/]lib[\\/]stream\.js$/, change: withoutCloudflare },
  { where: /^node_modules[\\/]/, change: inAscii },
];

const changedSources = {
  name: 'changed-sources',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
      const place = placeOf(path);
      const changes = CHANGES.filter(({ where }) => where.test(place));
      if (changes.length === 0) return undefined;
      const source = await readFile(path, 'utf8');
      const contents = changes.reduce((text, { change }) => change(text, path), source);
      return { contents, resolveDir: dirname(path) };
    });
  },
};

/** Below `dist`, or below the `node_modules` that it is in, wherever those are. */
function placeOf(path) {
  const packages = path.lastIndexOf(`${sep}node_modules${sep}`);
  return packages < 0 ? relative(ROOT, path) : path.slice(packages + 1);
}

/** A module in `dist` finds its assets (migrations, scripts) beside itself, wherever its code has gone. */
function withAssetsWhereTheyWere(source, path) {
  const place = relative(DIST, path).split(sep).join('/');
  return source.replaceAll(
    'import.meta.url',
    `new URL(${JSON.stringify(`../${place}`)}, import.meta.url).href`,
  );
}

/**
 * Logs, errors and Nest tell classes by their names, and the bundler renames those that speak of themselves or meet another of
 * the same name. To have it keep all names would cost every closure that is made at run time.
 */
function withClassesNamed(source) {
  return source.replaceAll(
    /\bclass (\w+)( extends [\w$.()]+)? \{/g,
    (head, name) => `${head} static name = "${name}";`,
  );
}

/** The driver finds out whether it runs at Cloudflare by a `Response`; Node then loads all of `fetch`, at each start. */
function withoutCloudflare(source, path) {
  const contents = source.replace('function isCloudflareRuntime() {', '$& return false;');
  if (contents === source) throw new Error(`${path} has no isCloudflareRuntime() any more`);
  return contents;
}

/** Of ASCII alone the bundle takes a byte a character in memory. The bundler escapes what is in strings, not what is in patterns. */
function inAscii(source) {
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
  plugins: [changedSources, missingStayMissing],
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
