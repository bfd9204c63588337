import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { scriptArguments } from '../database/index.js';
import { FOLDER_REMOVER_SOURCE } from './folder-remover.files.js';

const REMOVER = scriptArguments(FOLDER_REMOVER_SOURCE, 'folder-remover.mjs');

/**
 * Folders that are removed when this process has ended, even if it was killed: a process of its own
 * (`folder-remover.mjs`) waits for that. It doesn't keep this process from ending.
 */
export class TemporaryFolders {
  private constructor(private readonly remover: Writable) {}

  static watch(): TemporaryFolders {
    const remover = spawn(process.execPath, ['--max-old-space-size=16', ...REMOVER], {
      cwd: '/',
      // Ctrl-C reaches the foreground group, and somebody has to clean up after it.
      detached: true,
      // Not this process's: NODE_OPTIONS could load a debugger or a loader into it.
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    });
    const { stdin } = remover;
    if (stdin === null) throw new Error('The remover of temporary folders was spawned without its pipe');
    // Without it the folders stay behind, which is no reason to fail a test.
    remover.on('error', () => undefined);
    stdin.on('error', () => undefined);
    remover.unref();
    unref(stdin);
    return new TemporaryFolders(stdin);
  }

  /** From now on the folder goes when this process does. */
  add(folder: string): void {
    this.remover.write(`${JSON.stringify(folder)}\n`);
  }
}

/** A pipe to a child is a socket, though its type doesn't say so. */
function unref(pipe: Writable): void {
  const action: unknown = Reflect.get(pipe, 'unref');
  if (typeof action === 'function') action.call(pipe);
}
