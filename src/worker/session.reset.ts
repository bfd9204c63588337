import { SESSION_PIN } from '../database/index.js';

/** Settings that could keep the end of a step from being recorded, or from being read. */
const IN_THE_WAY = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
  'client_encoding',
];

/**
 * Gives the end of a step the role and the limits that the connection began with, within the step's transaction. Other
 * settings stay as the handler left them: deferred triggers may depend on these.
 */
export const RESET_FOR_RECORDING = `
  RESET statement_timeout; RESET SESSION AUTHORIZATION; RESET ROLE;
  SELECT pg_catalog.set_config(s.name, s.reset_val, false) FROM pg_catalog.pg_settings s
  WHERE s.name IN (${IN_THE_WAY.map((name) => `'${name}'`).join(', ')}) AND s.setting <> s.reset_val`;

/**
 * Gives a connection back as it was when it was opened, but for prepared statements: the driver relies on its own.
 * DISCARD ALL would take these, too. Run outside of a transaction.
 */
export const RESET_SESSION = `
  RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; ${SESSION_PIN}; UNLISTEN *; CLOSE ALL; SELECT pg_catalog.pg_advisory_unlock_all();
  DISCARD TEMP; DISCARD SEQUENCES`;
