import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { LogSettings } from '../config/index.js';

/** A line of JSON each to this stream, or, on a terminal, a line for people. */
export function createPinoLog(settings: LogSettings, stream: DestinationStream): pino.Logger {
  const destination = settings.isForPeople
    ? PinoPretty({ sync: true, messageKey: 'message', ignore: 'pid,hostname' })
    : stream;
  return pino({ level: settings.logLevel, messageKey: 'message' }, destination);
}
