/**
 * A step of `npm run build` and of `npm pack`: replaces each `*.files.js` in `dist`, which reads files that lie beside it, by a module
 * with what it has read. An application may then put itself and this library into one file: nothing is looked for beside the code.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

for (const file of (await readdir(DIST, { recursive: true })).filter((name) => name.endsWith('.files.js'))) {
  const path = join(DIST, file);
  const values = Object.entries(await import(pathToFileURL(path).href));
  await writeFile(
    path,
    values.map(([name, value]) => `export const ${name} = ${JSON.stringify(value, null, 2)};\n`).join(''),
  );
  await rm(`${path}.map`);
}
