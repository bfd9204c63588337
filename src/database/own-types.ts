import type pg from 'pg';
import textParsers from 'pg-types/lib/textParsers.js';

type Parser = (text: string) => unknown;

const PARSERS: ReadonlyMap<number, Parser> = knownParsers();
const asText: Parser = (text) => text;

/**
 * How the engine's own statements read columns: as the driver does by default. `pg.types.setTypeParser` and `pg.defaults.parseInt8`
 * change one table for the whole process, and an application may use them for its own queries; this table stays as it is.
 */
export const OWN_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid) => PARSERS.get(oid) ?? asText,
};

function knownParsers(): ReadonlyMap<number, Parser> {
  const parsers = new Map<number, Parser>();
  textParsers.init((oid, parse) => parsers.set(oid, parse));
  return parsers;
}
