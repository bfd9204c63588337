import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCodeUnits } from './content.hash.js';

/**
 * The YAML files below a directory, in the order of their paths. Symbolic links are followed, but no file and no directory is
 * visited twice: that ends circles. Hidden entries are left out: a mounted Kubernetes ConfigMap holds every file once more
 * below `..data`.
 *
 * @param visited real paths seen so far; share it between directories that may overlap
 * @throws the file system's error if the directory can't be read
 */
export async function findTemplateFiles(directory: string, visited: Set<string>): Promise<readonly string[]> {
  if (!isFirstVisit(await realpath(directory), visited)) return [];
  const files: string[] = [];
  const names = await readdir(directory);
  for (const name of names.toSorted(compareCodeUnits)) {
    if (name.startsWith('.')) continue;
    const path = join(directory, name);
    const kind = await stat(path).catch(() => null);
    // A link that leads nowhere is left to the reader of the file, which tells why.
    if (kind === null) files.push(...(isYaml(name) ? [path] : []));
    else if (kind.isDirectory()) files.push(...(await findTemplateFiles(path, visited)));
    else if (isYaml(name) && kind.isFile() && isFirstVisit(await realpath(path), visited)) files.push(path);
  }
  return files;
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

function isFirstVisit(realPath: string, visited: Set<string>): boolean {
  const isFirst = !visited.has(realPath);
  visited.add(realPath);
  return isFirst;
}
