import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { ServiceSettings, WorkerSettings } from '../config/index.js';
import { PostgresListener } from '../notifications/index.js';
import { TemplateRegistry } from '../templates/index.js';
import { ServedTemplates, StepDispatcher } from '../worker/index.js';

/** Whether this process does its part: templates loaded, work claimed, notifications heard. */
@Injectable()
export class WorkerHealthIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly dispatcher: StepDispatcher,
    private readonly listener: PostgresListener,
    private readonly templates: TemplateRegistry,
    private readonly served: ServedTemplates,
    private readonly service: ServiceSettings,
    private readonly worker: WorkerSettings,
  ) {}

  /** Down while no work is claimed, unless this process is not meant to claim any. */
  dispatching<const Key extends string>(key: Key) {
    const indicator = this.indicators.check(key);
    if (this.service.role === 'api') return indicator.up('this process serves the API only');
    const { claiming, reason, running, slots } = this.dispatcher.status();
    return claiming
      ? indicator.up(`${running} of ${slots} slots in use`)
      : indicator.down(`No work is claimed: ${reason}`);
  }

  /** Every template file was checked before the service started, so being here means that they are loaded. */
  templatesLoaded<const Key extends string>(key: Key) {
    const served = this.served.templateIds.length;
    return this.indicators
      .check(key)
      .up(`${this.templates.list().length} template(s) loaded, ${served} served here`);
  }

  /** Degraded without notifications: polling carries the load. */
  listening<const Key extends string>(key: Key) {
    const indicator = this.indicators.check(key);
    if (this.worker.deploymentMode === 'polling_only') return indicator.up('polling only, as configured');
    const { state } = this.listener;
    return state === 'listening'
      ? indicator.up('notifications arrive')
      : indicator.degraded(`The listener is ${state}: polling carries the load`);
  }

  /** How much of what has ended is not recorded yet. */
  recording<const Key extends string>(key: Key) {
    const { unrecorded } = this.dispatcher.status();
    return this.indicators.check(key).up(`${unrecorded} ended step(s) wait to be recorded`);
  }
}
