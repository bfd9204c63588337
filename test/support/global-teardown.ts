/** Ends the server that `global-setup.ts` started, if it did, and awaits that its files are gone. */
export default async function globalTeardown(): Promise<void> {
  const stop: unknown = Reflect.get(globalThis, Symbol.for('tasker-nest.stop-test-server'));
  if (typeof stop === 'function') await stop();
}
