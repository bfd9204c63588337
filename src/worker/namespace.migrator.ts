import { Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Database, SchemaMigrator } from '../database/index.js';
import { TaskerFeature } from './tasker-feature.js';

/** Brings the tables of every namespace up to date whose module names a directory of migrations. */
@Injectable()
export class NamespaceMigrator {
  private readonly logger = new Logger('Tasker');

  constructor(
    private readonly database: Database,
    private readonly discovery: DiscoveryService,
  ) {}

  /** Once the database is open. Safe when any number of processes call it at once. */
  async migrate(): Promise<void> {
    const migrator = new SchemaMigrator(this.database, this.logger);
    const features = new Map<string, TaskerFeature>();
    for (const { instance } of this.discovery.getProviders()) {
      if (instance instanceof TaskerFeature) features.set(instance.namespace, instance);
    }
    for (const { namespace, migrations } of features.values()) {
      if (migrations !== null) await migrator.migrateNamespace(namespace, migrations);
    }
  }
}
