import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';

/**
 * Standard output as a service writes its log to it. While the service starts or stops, each line is written at once: the
 * process may end at any time, and the last line has to say why. In between, a slow reader of the log does not hold up the
 * service.
 */
@Injectable()
export class ServiceLogStream implements DestinationStream, OnModuleDestroy {
  private destination = pino.destination({ sync: true });
  /** Lines are on their way to standard output. */
  private writing = false;
  private stopping = false;

  write(line: string): void {
    this.writing = true;
    this.destination.write(line);
  }

  /** Pino asks for it after a fatal line. */
  flushSync(): void {
    this.destination.flushSync();
  }

  /** The service has started. */
  started(): void {
    this.destination = pino.destination({ sync: false });
    this.writing = false;
    this.destination.on('drain', () => {
      this.writing = false;
      if (this.stopping) this.writeAtOnce();
    });
  }

  /** The service stops. A line that is on its way is written first, so that the order stays. */
  onModuleDestroy(): void {
    this.stopping = true;
    if (!this.writing) this.writeAtOnce();
  }

  private writeAtOnce(): void {
    this.destination = pino.destination({ sync: true });
  }
}
