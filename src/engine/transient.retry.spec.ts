import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { onAbort, retryTransient } from './index.js';

const CALLS = 50;

describe('Retries that share a signal', () => {
  it('put one listener on it, however many there are, and leave none behind', async () => {
    const giveUp = new AbortController();
    const unreachable = Object.assign(new Error('no server'), { code: 'ECONNREFUSED' });
    const ended: Promise<never>[] = [];
    let pausing = 0;
    const allPause = new Promise<void>((resolve) => {
      const onRetry = (): void => {
        pausing += 1;
        // The pause begins in the same turn of the loop.
        if (pausing === CALLS) setImmediate(resolve);
      };
      for (let n = 0; n < CALLS; n += 1)
        ended.push(retryTransient(() => Promise.reject(unreachable), { signal: giveUp.signal, onRetry }));
    });
    await allPause;
    expect(getEventListeners(giveUp.signal, 'abort')).toHaveLength(1);
    giveUp.abort();
    for (const end of ended) await expect(end).rejects.toBe(unreachable);
    expect(getEventListeners(giveUp.signal, 'abort')).toEqual([]);
  });
});

describe('A signal that many wait on', () => {
  it('calls each listener once, but none that was taken back', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const listen = (name: string) => onAbort(controller.signal, () => called.push(name));
    listen('first');
    const takeBack = listen('second');
    listen('third');
    takeBack();
    takeBack();
    controller.abort();
    controller.abort();
    expect(called).toEqual(['first', 'third']);
  });

  it('has no listener left when all were taken back, and one again for the next', () => {
    const { signal } = new AbortController();
    onAbort(signal, () => undefined)();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    onAbort(signal, () => undefined);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });
});
