import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { StartReminder } from './start.reminder.js';

function reminder(adapter?: AbstractHttpAdapter): StartReminder {
  const host = new HttpAdapterHost();
  if (adapter !== undefined) host.httpAdapter = adapter;
  return new StartReminder(host);
}

describe('The reminder to start the worker', () => {
  const warnings: string[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    warnings.length = 0;
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (message: unknown) => warnings.push(String(message)),
    });
  });

  afterEach(() => {
    jest.useRealTimers();
    Logger.overrideLogger(false);
  });

  it.each([
    [
      'without an HTTP server',
      undefined,
      'No step runs yet, 10 s after the application was ready: add "await app.get(TaskerWorker).start()" behind the start of the application',
    ],
    [
      'with one',
      new ExpressAdapter(),
      'No step runs yet, 10 s after the application was ready: add "await app.listen(port)", or "await app.get(TaskerWorker).start()" if the application is to open no port',
    ],
  ])('names the line to add, once, in an application %s', (_, adapter, warning) => {
    reminder(adapter).begin();
    jest.advanceTimersByTime(9_999);
    expect(warnings).toEqual([]);
    jest.advanceTimersByTime(60_000);
    expect(warnings).toEqual([warning]);
  });

  it('says nothing when the worker has started, or the application has stopped', () => {
    const one = reminder();
    one.begin();
    one.end();
    one.end();
    jest.advanceTimersByTime(60_000);
    expect(warnings).toEqual([]);
  });
});
