import { readdirSync, readFileSync } from 'node:fs';

/** One plain SQL migration. */
export interface MigrationFile {
  /** As the table of migrations remembers it. */
  readonly name: string;
  readonly sql: string;
}

const FOLDER = new URL('./migrations/', import.meta.url);

/** The engine's migrations, in their order. The build replaces this module by one with their texts: build/files.inliner.mjs. */
export const ENGINE_MIGRATIONS: readonly MigrationFile[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
  .map((file) => ({
    name: file.slice(0, -'.sql'.length),
    sql: readFileSync(new URL(file, FOLDER), 'utf8'),
  }));
