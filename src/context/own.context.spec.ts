import { createHook } from 'node:async_hooks';

import { expect, it } from '@jest/globals';

import { OwnContext } from './index.js';

it('A hook of the application is told of the end of each run, so that it can forget it', () => {
  const begun = new Set<number>();
  const ended: number[] = [];
  const hook = createHook({
    init: (id, type) => void (type === 'TASKER' && begun.add(id)),
    destroy: (id) => void ended.push(id),
  }).enable();
  const context = new OwnContext();
  for (let run = 0; run < 100; run += 1) context.run(() => run);
  expect(() =>
    context.run(() => {
      throw new Error('also then');
    }),
  ).toThrow('also then');
  return new Promise<void>((resolve) => {
    // Hooks are told of ends in a later turn of the event loop.
    setImmediate(() =>
      setImmediate(() => {
        hook.disable();
        expect(begun.size).toBe(101);
        expect(ended.filter((id) => begun.has(id))).toHaveLength(101);
        resolve();
      }),
    );
  });
});
