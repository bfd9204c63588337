import type { Batch, BatchTimes, PacedBatch } from './bench-engine.js';

/** What the bench asks of an engine's process. */
export type EngineRequest = { readonly id: number } & (
  | { readonly method: 'run' | 'runAlone' | 'submit' | 'submitOneByOne'; readonly batch: Batch }
  | { readonly method: 'runPaced'; readonly batch: PacedBatch }
  | { readonly method: 'check' | 'queries' | 'stop' }
);

/** The engine's answer to the request of this id; 0: it is ready. */
export type EngineValue = BatchTimes | readonly number[] | number | null;

export interface EngineAnswer {
  readonly id: number;
  readonly value?: EngineValue;
  readonly error?: string;
}

export function isRequest(message: unknown): message is EngineRequest {
  return isMessage(message) && 'method' in message;
}

export function isAnswer(message: unknown): message is EngineAnswer {
  return isMessage(message) && ('value' in message || 'error' in message);
}

function isMessage(message: unknown): message is { readonly id: number } {
  return typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number';
}
