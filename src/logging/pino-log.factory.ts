import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { LogSettings } from '../config/index.js';

/** A line of JSON each, or, on a terminal, a line for people; `sync` waits for each to be written. */
export function createPinoLog(settings: LogSettings, { sync }: { readonly sync: boolean }): pino.Logger {
  const destination: DestinationStream = settings.isForPeople
    ? PinoPretty({ sync: true, messageKey: 'message', ignore: 'pid,hostname' })
    : pino.destination({ sync });
  return pino({ level: settings.logLevel, messageKey: 'message' }, destination);
}
