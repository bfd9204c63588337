import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { MetricsCollector } from './metrics.collector.js';
import { MetricsController } from './metrics.controller.js';
import { RequestMeter } from './request-meter.interceptor.js';

/** `/metrics` in its three forms. */
@Module({
  controllers: [MetricsController],
  providers: [MetricsCollector, { provide: APP_INTERCEPTOR, useClass: RequestMeter }],
})
export class MetricsModule {}
