/**
 * The last step of `npm run build`: puts the service's two programs, with the packages that they use, into a few files in
 * `dist/service`. Reading a thousand small modules is most of what a start costs otherwise. Everything else in `dist` stays as
 * it was compiled, module by module: it is what the library is made of, and the two programs run from it just as well.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const SERVICE = join(DIST, 'service');
const PROGRAMS = ['main', 'migrate'];

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
    if (!file.endsWith('.js') || file.startsWith(`service${sep}`)) continue;
    const source = await readFile(join(DIST, file), 'utf8');
    for (const [, name] of source.matchAll(/\bclass (\w+)/g)) names.add(name);
  }
  return bundle.flatMap((text) =>
    [...text.matchAll(/\bclass (\w+?)\d+\b|\b(\w+?)\d+ ?= ?class\b/g)]
      .map(([, declared, assigned]) => declared ?? assigned)
      .filter((name) => names.has(name)),
  );
}

const { outputFiles } = await build({
  entryPoints: PROGRAMS.map((program) => join(DIST, `${program}.js`)),
  outdir: SERVICE,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.12',
  // ES modules where a package has them: of those only what is used is taken.
  mainFields: ['module', 'main'],
  external: APART,
  plugins: [assetsStayPut, missingStayMissing],
  // CommonJS inside asks for Node's own modules.
  banner: {
    js: `import { createRequire as createRequireHere } from 'node:module';\nconst require = createRequireHere(import.meta.url);`,
  },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  write: false,
});
// Nest tells classes by their names in its log. To have the bundler keep each name whatever happens would cost every closure
// that is made at run time; it changes only those that meet another of the same name.
const renamed = await renamedClasses(outputFiles.map(({ text }) => text));
if (renamed.length > 0)
  throw new Error(
    `The bundle has other names for ${renamed.join(', ')}: a package has a class of that name, choose another`,
  );
await mkdir(SERVICE, { recursive: true });
await Promise.all(outputFiles.map(({ path, contents }) => writeFile(path, contents)));

for (const program of PROGRAMS)
  await writeFile(join(DIST, `${program}.js`), `import './service/${program}.js';\n`);
