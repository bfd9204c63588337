import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PackedProject } from './packed-project.js';
import { ROOT } from './packed-project.js';

/** What the README and docs/testing.md have their reader install beside the package. */
const DEVELOPMENT = ['typescript', '@types/node', '@types/pg', '@nestjs/testing'];

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** An application of somebody else, with the package among its dependencies. */
export class ConsumerApp {
  /** One that is in the folder already. */
  constructor(readonly folder: string) {}

  /**
   * Makes the application and installs the package as npm would, without a registry: the package is a real copy, so that
   * it finds nothing but what stands beside it, and beside it stands what its manifest asks for, linked from this project.
   */
  static async create(folder: string, project: PackedProject): Promise<ConsumerApp> {
    const modules = join(folder, 'node_modules');
    await mkdir(modules, { recursive: true });
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'billing', private: true, type: 'module' }),
    );
    await cp(project.folder, join(modules, 'tasker-nest'), { recursive: true });
    for (const name of [...(await declaredBy(project)), ...DEVELOPMENT]) await link(name, modules);
    return new ConsumerApp(folder);
  }

  async write(files: ReadonlyMap<string, string>): Promise<void> {
    for (const [path, content] of files) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      await writeFile(join(this.folder, path), content);
    }
  }

  /** The compiler, as the application would call it. */
  async tsc(...args: readonly string[]): Promise<Outcome> {
    return this.node(['node_modules/typescript/bin/tsc', '--pretty', 'false', ...args]);
  }

  /** Runs Node in the application until it ends; nothing of the environment of this test reaches it but what is given. */
  node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [...args],
        { cwd: this.folder, env: cleanEnvironment(env), timeout: 60_000, killSignal: 'SIGKILL' },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          resolve({ code, output: `${stdout}${stderr}` });
        },
      );
    });
  }

  /** Starts Node in the application; the caller ends it. */
  start(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    return spawn(process.execPath, [...args], {
      cwd: this.folder,
      env: cleanEnvironment(env),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

async function declaredBy(project: PackedProject): Promise<readonly string[]> {
  const manifest: Manifest = JSON.parse(await readFile(join(project.folder, 'package.json'), 'utf8'));
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  const optional = Object.keys(optionalDependencies).filter((name) =>
    existsSync(join(ROOT, 'node_modules', name)),
  );
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies), ...optional];
}

async function link(name: string, modules: string): Promise<void> {
  const target = join(modules, name);
  if (existsSync(target)) return;
  await mkdir(dirname(target), { recursive: true });
  await symlink(join(ROOT, 'node_modules', name), target);
}

function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...env };
}
