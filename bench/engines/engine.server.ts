import process from 'node:process';

import { profiled } from './cpu.profiler.js';
import type { EngineOptions } from './engine.options.js';
import { isRequest } from './engine.messages.js';
import type { EngineAnswer, EngineRequest, EngineValue } from './engine.messages.js';
import type { BenchEngine } from './bench-engine.js';

/** Lets the parent process drive the engine. Ends the process when the parent asks for it, or is gone. */
export function serveEngine(engine: BenchEngine, { profileFolder }: EngineOptions): void {
  process.on('disconnect', () => process.exit(3));
  process.on('message', (message) => {
    if (isRequest(message)) void answer(engine, message, profileFolder);
  });
  tell({ id: 0, value: null });
}

async function answer(
  engine: BenchEngine,
  request: EngineRequest,
  profileFolder: string | undefined,
): Promise<void> {
  const work = (): Promise<EngineValue> => perform(engine, request);
  try {
    const value =
      profileFolder !== undefined && request.method === 'run'
        ? await profiled(profileFolder, request.batch.workload, work)
        : await work();
    tell({ id: request.id, value });
  } catch (error) {
    tell({ id: request.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  if (request.method === 'stop') process.disconnect();
}

async function perform(engine: BenchEngine, request: EngineRequest): Promise<EngineValue> {
  if (request.method === 'run') return engine.run(request.batch);
  if (request.method === 'runAlone') return engine.runAlone(request.batch);
  if (request.method === 'runPaced') return engine.runPaced(request.batch);
  if (request.method === 'submit' || request.method === 'submitOneByOne') {
    const times = await engine[request.method]?.(request.batch);
    if (times === undefined) throw new Error(`This engine has no ${request.method}`);
    return times;
  }
  if (request.method === 'queries') return engine.queries?.() ?? null;
  if (request.method === 'check') {
    await engine.check?.();
    return null;
  }
  process.removeAllListeners('disconnect');
  await engine.stop();
  return null;
}

function tell(message: EngineAnswer): void {
  process.send?.(message);
}
