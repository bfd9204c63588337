import process from 'node:process';
import type { INestApplicationContext } from '@nestjs/common';
import { Database } from '../database/index.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * What a signal does while a service starts: the start is given up wherever it waits for others, everything that it got as
 * far as is closed, and the process ends with exit code 0. Once the service runs, signals are the application's alone.
 */
export class StartInterruption {
  private app: INestApplicationContext | undefined;

  private constructor() {
    for (const signal of SIGNALS) process.on(signal, this.interrupt);
  }

  static listen(): StartInterruption {
    return new StartInterruption();
  }

  /** From now on the application closes itself on a signal; Nest first waits for its start to settle. */
  handOverTo(app: INestApplicationContext): void {
    this.app = app;
    app.enableShutdownHooks([...SIGNALS], { useProcessExit: true });
  }

  ignore(): void {
    for (const signal of SIGNALS) process.off(signal, this.interrupt);
  }

  private readonly interrupt = (): void => {
    // Without an application there is nothing to close yet.
    if (this.app === undefined) process.exit(0);
    this.app.get(Database).abandonOpening();
  };
}
