import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

import { ignoredBy, parseCopy, parseDockerfile } from './dockerfile.js';
import type { Copy, Stage } from './dockerfile.js';

export const ROOT = join(import.meta.dirname, '../..');

const run = promisify(execFile);

/**
 * Builds what the Dockerfile builds, stage by stage, in folders and without a container engine: COPY takes what `.dockerignore`
 * lets through, RUN runs. Only `npm ci` is told apart: it would ask the network for what is installed here already, so the same
 * packages are taken from here, those that npm says it would install.
 */
export class ImageBuild {
  private readonly folders = new Map<string, string>();

  private constructor(
    private readonly workplace: string,
    private readonly ignored: (path: string) => boolean,
  ) {}

  /** The last stage's folder: what is the root of the image, as far as it is not the base image's. */
  static async make(workplace: string): Promise<string> {
    const stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
    const build = new ImageBuild(workplace, ignoredBy(await readFile(join(ROOT, '.dockerignore'), 'utf8')));
    let folder = '';
    for (const [index, stage] of stages.entries()) folder = await build.stage(stage, index);
    return folder;
  }

  private async stage(stage: Stage, index: number): Promise<string> {
    const root = join(this.workplace, `stage-${index}`);
    this.folders.set(stage.alias ?? String(index), root);
    let workdir = root;
    for (const { name, text } of stage.instructions) {
      if (name === 'WORKDIR') workdir = join(root, text);
      await mkdir(workdir, { recursive: true });
      if (name === 'COPY') await this.copy(parseCopy(text), workdir);
      if (name === 'RUN') for (const command of text.split(' && ')) await this.run(command, workdir);
    }
    return root;
  }

  private async copy({ from, sources, target }: Copy, workdir: string): Promise<void> {
    for (const source of sources) {
      const path = from === undefined ? join(ROOT, source) : join(this.folderOf(from), source);
      const into = join(workdir, target, target.endsWith('/') ? source : '');
      const kept = (file: string): boolean => from !== undefined || !this.ignored(relative(ROOT, file));
      if (!kept(path)) throw new Error(`COPY ${source}: .dockerignore keeps it out`);
      await cp(path, into, { recursive: true, filter: kept });
    }
  }

  private folderOf(stage: string): string {
    const folder = this.folders.get(stage);
    if (folder === undefined) throw new Error(`COPY --from=${stage}: there is no such stage before`);
    return folder;
  }

  private async run(command: string, workdir: string): Promise<void> {
    const [program = '', ...args] = command.split(/\s+/);
    if (program !== 'npm') throw new Error(`RUN ${command}: only npm can be run here`);
    if (args[0] === 'ci') await install(args.slice(1), workdir);
    else await npm(args, workdir);
  }
}

/** `npm ci`, from the packages that are installed here. */
async function install(flags: readonly string[], workdir: string): Promise<void> {
  const modules = join(workdir, 'node_modules');
  const manifest: unknown = JSON.parse(await readFile(join(workdir, 'package.json'), 'utf8'));
  const hasTools = typeof manifest === 'object' && manifest !== null && 'devDependencies' in manifest;
  if (hasTools && !flags.includes('--omit=dev')) return symlink(join(ROOT, 'node_modules'), modules);

  const locked = join(workdir, 'package-lock.json');
  await npm(['prune', '--package-lock-only', '--offline', '--no-audit', ...flags], workdir);
  const lock: { packages: Record<string, LockedPackage> } = JSON.parse(await readFile(locked, 'utf8'));
  const omitted = (kind: string): boolean => flags.includes(`--omit=${kind}`);
  for (const [path, { dev, optional, devOptional }] of Object.entries(lock.packages)) {
    if (path === '') continue;
    if ((dev === true || devOptional === true) && omitted('dev')) continue;
    if ((optional === true || devOptional === true) && omitted('optional')) continue;
    await copyPackage(path, workdir);
  }
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

/** Without the packages inside it: they have entries of their own in the lock. */
async function copyPackage(path: string, workdir: string): Promise<void> {
  const source = join(ROOT, path);
  const target = join(workdir, path);
  await mkdir(dirname(target), { recursive: true });
  await cp(source, target, {
    recursive: true,
    filter: (file) => relative(source, file).split('/')[0] !== 'node_modules',
  });
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  try {
    await run('npm', [...args], { cwd, env: { ...process.env, NODE_OPTIONS: '' } });
  } catch (error) {
    throw new Error(`npm ${args.join(' ')} failed`, { cause: error });
  }
}
