import process from 'node:process';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';

import { FieldLogger } from './field-logger.js';

const STACK = 'Error: no card\n    at charge (/srv/charge.js:3:9)';

function useConsole(json: boolean): void {
  Logger.overrideLogger(new ConsoleLogger({ json, colors: false }));
}

describe('A line with fields', () => {
  let written: string;

  beforeEach(() => {
    written = '';
    const keep = (text: string | Uint8Array): boolean => {
      written += String(text);
      return true;
    };
    jest.spyOn(process.stdout, 'write').mockImplementation(keep);
    jest.spyOn(process.stderr, 'write').mockImplementation(keep);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    Logger.overrideLogger(new ConsoleLogger());
  });

  const logger = new FieldLogger('Charging', { task_uuid: 'task-1', step: 'charge' });

  it('is one line of text under Nest’s console logger', () => {
    useConsole(false);
    logger.warn({ message: 'Step failed, attempt 1 of 3', error_code: 'NO_CARD', retryable: true });
    expect(written.trim().split('\n')).toEqual([
      expect.stringMatching(
        /WARN \[Charging\] Step failed, attempt 1 of 3 \[error_code=NO_CARD retryable=true task_uuid=task-1 step=charge\]$/,
      ),
    ]);
  });

  it('has the stack under it, once, at level error', () => {
    useConsole(false);
    logger.error({ message: 'Step failed for good', stack: STACK });
    expect(written.trim().split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/ERROR \[Charging\] Step failed for good \[task_uuid=task-1 step=charge\]$/),
      ...STACK.split('\n'),
    ]);
    expect(written.match(/no card/g)).toHaveLength(1);
  });

  it('keeps its fields apart as JSON, and for a logger of the application', () => {
    useConsole(true);
    logger.warn('Late');
    expect(JSON.parse(written)).toMatchObject({
      level: 'warn',
      context: 'Charging',
      message: { message: 'Late', task_uuid: 'task-1', step: 'charge' },
    });
    const error = jest.fn();
    Logger.overrideLogger({ log: error, error, warn: error });
    logger.error({ message: 'Step failed for good', stack: STACK });
    expect(error).toHaveBeenCalledWith(
      { message: 'Step failed for good', stack: STACK, task_uuid: 'task-1', step: 'charge' },
      undefined,
      'Charging',
    );
  });

  it('takes what a handler logs, with the arguments that Nest’s loggers take', () => {
    useConsole(false);
    logger.error('No card', STACK);
    logger.log(undefined);
    logger.warn(new Error('cold'));
    expect(written).toContain('No card [task_uuid=task-1 step=charge]');
    expect(written).toContain('undefined [task_uuid=task-1 step=charge]');
    expect(written).toMatch(/Error: cold\n\s+at /);
    expect(written.match(/charge\.js:3:9/g)).toHaveLength(1);
  });
});
