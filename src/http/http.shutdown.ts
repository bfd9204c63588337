import { Server } from 'node:http';

import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/**
 * From the moment the service begins to stop, a connection is closed once its answer is out: kept open for a next request, it
 * would hold the shutdown up.
 */
@Injectable()
export class HttpShutdown implements OnModuleDestroy {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleDestroy(): void {
    const server: unknown = this.host.httpAdapter.getHttpServer();
    if (server instanceof Server) server.keepAliveTimeout = 1;
  }
}
