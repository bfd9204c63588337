import process from 'node:process';
import type { INestApplicationContext } from '@nestjs/common';
import { Database } from '../database/index.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * What SIGTERM and SIGINT do to a process that is the service's own. While it starts, the start is given up wherever it waits
 * for others, everything that it got as far as is closed, and the process ends with exit code 0. Once the service runs, the
 * application closes itself. Where it could not start, a signal ends at once what keeps the process from ending.
 *
 * It listens for as long as the process lives: Nest's own listeners go before the process does, and a signal that comes in
 * between, to a process without any, would end it as if it had been killed.
 */
export class TerminationSignals {
  private app: INestApplicationContext | undefined;
  private starting = true;
  private received = false;

  private constructor() {
    for (const signal of SIGNALS) process.on(signal, this.receive);
  }

  static listen(): TerminationSignals {
    return new TerminationSignals();
  }

  /** From now on a signal gives up what the application waits for, and whoever starts it closes it. */
  starts(app: INestApplicationContext): void {
    this.app = app;
  }

  /** From now on the application closes itself on a signal; Nest first waits for its start to settle. */
  handOverTo(app: INestApplicationContext): void {
    app.enableShutdownHooks([...SIGNALS], { useProcessExit: true });
  }

  /** The application runs: a signal is its own concern. */
  started(): void {
    this.starting = false;
  }

  /** The application is closed, and nobody is left to end the process. */
  failed(): void {
    this.app = undefined;
  }

  /** Gives the signals back to a process that goes on without the service; not where one is about to end it. */
  release(): void {
    if (this.received) return;
    for (const signal of SIGNALS) process.off(signal, this.receive);
  }

  private readonly receive = (): void => {
    this.received = true;
    // With the exit code that is set by now: 0, or 1 where the service could not start.
    if (this.app === undefined) process.exit();
    if (this.starting) this.app.get(Database).abandonOpening();
  };
}
