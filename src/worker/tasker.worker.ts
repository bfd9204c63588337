import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { WorkerLoops } from './worker.loops.js';

/**
 * Begins to run steps and to deliver events, in an application that imports `TaskerModule`.
 *
 * An application with an HTTP server has nothing to do: the worker starts when `app.listen(…)` listens. One that opens no port says:
 *
 *     const app = await NestFactory.createApplicationContext(AppModule);
 *     app.enableShutdownHooks();
 *     await app.get(TaskerWorker).start();
 *
 * It stops with the application.
 */
@Injectable()
export class TaskerWorker implements OnModuleInit {
  private readonly logger = new Logger('Tasker');

  constructor(
    private readonly loops: WorkerLoops,
    private readonly http: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    this.http.listen$.subscribe(() => {
      // `listen` does not wait for it, and its caller has no promise to catch this at.
      this.start().catch((error: unknown) => {
        this.logger.error(
          `No step runs, for the worker could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      });
    });
  }

  /**
   * Resolves when this process claims steps and serves event subscriptions. Any call after the first joins it, or does nothing
   * once the worker runs; so does a call during or after a shutdown, and with the role `api`.
   *
   * @throws NotReadyError before every `onApplicationBootstrap` of the application has resolved; the database's error, after
   *   which it may be called again
   */
  start(): Promise<void> {
    return this.loops.start();
  }
}
