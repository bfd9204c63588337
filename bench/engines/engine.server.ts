import process from 'node:process';

import { isRequest } from './engine.messages.js';
import type { EngineAnswer, EngineRequest, EngineValue } from './engine.messages.js';
import type { BenchEngine } from './bench-engine.js';

/** Lets the parent process drive the engine. Ends the process when the parent asks for it, or is gone. */
export function serveEngine(engine: BenchEngine): void {
  process.on('disconnect', () => process.exit(3));
  process.on('message', (message) => {
    if (isRequest(message)) void answer(engine, message);
  });
  tell({ id: 0, value: null });
}

async function answer(engine: BenchEngine, request: EngineRequest): Promise<void> {
  try {
    tell({ id: request.id, value: await perform(engine, request) });
  } catch (error) {
    tell({ id: request.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  if (request.method === 'stop') process.disconnect();
}

async function perform(engine: BenchEngine, request: EngineRequest): Promise<EngineValue> {
  if (request.method === 'run') return engine.run(request.batch);
  if (request.method === 'runAlone') return engine.runAlone(request.batch);
  if (request.method === 'runPaced') return engine.runPaced(request.batch);
  process.removeAllListeners('disconnect');
  await engine.stop();
  return null;
}

function tell(message: EngineAnswer): void {
  process.send?.(message);
}
