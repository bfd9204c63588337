import { IntegerSetting, SwitchSetting, TextSetting } from './setting.decorator.js';

/** Where the service listens, and what it answers there. */
export class HttpSettings {
  @TextSetting('HOST', {
    expected: 'a host name or an IP address',
    accepts: (value) => typeof value === 'string' && /^[\w.:%-]+$/.test(value),
  })
  readonly host: string = '127.0.0.1';

  /** 0 takes any free port. */
  @IntegerSetting('PORT', 0, 65_535)
  readonly port: number = 8080;

  /** Off: the process opens no port at all. For probes without an API there is the role `worker`. */
  @SwitchSetting('TASKER_ENABLE_WEB_API')
  readonly enableWebApi: boolean = true;
}
