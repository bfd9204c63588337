import { isDatabaseUrl, maskDatabaseUrl } from './database-url.mask.js';
import { IntegerSetting, SwitchSetting, TextSetting } from './setting.decorator.js';

const DATABASE_URL_RULE = {
  expected: 'a URL such as postgres://user:password@host:5432/database',
  accepts: isDatabaseUrl,
  show: maskDatabaseUrl,
};

/** Where the data is. */
export class DatabaseSettings {
  /** Without one the service runs a PostgreSQL of its own, in `dataDir`; not in production, unless `embeddedInProduction`. */
  @TextSetting('DATABASE_URL', DATABASE_URL_RULE)
  readonly databaseUrl?: string;

  /** For LISTEN, leases and migrations, where `databaseUrl` leads through a transaction pooler: they need a session. */
  @TextSetting('DATABASE_DIRECT_URL', DATABASE_URL_RULE)
  readonly databaseDirectUrl?: string;

  /** Connections of the pool; the listener and the lease keeper have their own. */
  @IntegerSetting('TASKER_POOL_SIZE', 1, 1000)
  readonly poolSize: number = 10;

  /** Where the embedded PostgreSQL keeps its data; of no effect with a `databaseUrl`. */
  @TextSetting('TASKER_DATA_DIR', {
    expected: 'a directory',
    accepts: (value) => typeof value === 'string' && value.trim() !== '' && !value.includes('\0'),
  })
  readonly dataDir: string = '.tasker';

  /** Allows the embedded PostgreSQL when `NODE_ENV` is `production`: a container's disk is lost with the container. */
  @SwitchSetting('TASKER_EMBEDDED_IN_PRODUCTION')
  readonly embeddedInProduction: boolean = false;
}
