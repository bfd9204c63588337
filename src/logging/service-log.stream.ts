import { pino } from 'pino';
import type { DestinationStream } from 'pino';

/**
 * Standard output as a service writes its log to it: each line at once while it starts, for a start may end the process any time
 * and the line that says why must be the last one; later without waiting for whoever reads it.
 */
export class ServiceLogStream implements DestinationStream {
  private destination = pino.destination({ sync: true });

  write(line: string): void {
    this.destination.write(line);
  }

  /** Pino asks for it after a fatal line. */
  flushSync(): void {
    this.destination.flushSync();
  }

  /** The service has started. */
  started(): void {
    this.destination = pino.destination({ sync: false });
  }
}
