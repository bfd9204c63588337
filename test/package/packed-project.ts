import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = join(import.meta.dirname, '../..');

const run = promisify(execFile);

/** What the build and the package are made of. */
const SOURCES = [
  '.env.example',
  'LICENSE',
  'README.md',
  'build',
  'config',
  'docs',
  'nest-cli.json',
  'package.json',
  'src',
  'tsconfig.build.json',
  'tsconfig.json',
];

/**
 * Builds and packs the project as a release does, and unpacks the package into `folder`. In a copy of the sources: a build
 * replaces `dist`, which others may be running.
 */
export async function packProject(folder: string): Promise<PackedProject> {
  const copy = join(folder, 'project');
  await mkdir(copy);
  for (const source of SOURCES) await cp(join(ROOT, source), join(copy, source), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  await npm(['pack', '--pack-destination', folder], copy);

  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack left no package in ${folder}`);
  await run('tar', ['-xzf', tarball], { cwd: folder });
  return new PackedProject(join(folder, 'package'));
}

/** The content of the package, unpacked. */
export class PackedProject {
  constructor(readonly folder: string) {}

  /** All files, by path in the package. */
  async files(): Promise<readonly string[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  }
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  try {
    await run('npm', [...args], {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '' },
      shell: process.platform === 'win32',
    });
  } catch (error) {
    throw new Error(`npm ${args.join(' ')} failed`, { cause: error });
  }
}
