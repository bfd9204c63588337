import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const before = workflow('job', { first: {}, second: { dependencies: ['first'] } });
const changed = workflow('job', { first: {}, second: {} });
const newVersion = workflow('job', { only: {} }, { version: '2.0.0' });

const handlers = { first: () => 1, second: () => 2, only: () => 3 };

let lab: Lab;

beforeEach(async () => {
  lab = await Lab.open(before);
});

afterEach(() => lab.close());

/** A task that has not begun, of the template as it was. */
async function unfinished(): Promise<string> {
  const { client } = await lab.worker({ settings: { role: 'api' } });
  const { taskUuid } = await client.submit(requestFor(before));
  await lab.stopWorkers();
  return taskUuid;
}

describe('While a task of a template is unfinished', () => {
  it('the same version with other content keeps the service from starting, and is named', async () => {
    const taskUuid = await unfinished();
    await lab.templates.write(changed);
    await expect(lab.worker({ handlers })).rejects.toMatchObject({
      code: 'TEMPLATE_CHANGED',
      message: expect.stringMatching(/lab\/job\/1\.0\.0 \(.*job-1\.0\.0\.yaml\): 1 unfinished/),
    });
    await lab.templates.write(before);
    const { client } = await lab.worker({ handlers });
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });

    await lab.stopWorkers();
    await lab.templates.write(changed);
    const next = await lab.worker({ handlers });
    expect(await next.client.get(taskUuid)).toMatchObject({ status: 'complete' });
  });

  it('its file may go: the task ends by the version it began with, and no new one is taken', async () => {
    const taskUuid = await unfinished();
    await lab.templates.remove(before);
    await lab.templates.write(newVersion);
    const { client } = await lab.worker({ handlers });
    expect(await client.waitFor(taskUuid)).toMatchObject({
      status: 'complete',
      version: '1.0.0',
      totalSteps: 2,
    });
    await expect(client.submit(requestFor(before))).rejects.toMatchObject({ code: 'TEMPLATE_NOT_FOUND' });
    const { taskUuid: newer } = await client.submit(requestFor(newVersion));
    expect(await client.waitFor(newer)).toMatchObject({ status: 'complete', totalSteps: 1 });
  });

  it('its handler may go with it: the task waits, and others go on', async () => {
    const taskUuid = await unfinished();
    await lab.templates.remove(before);
    await lab.templates.write(newVersion);
    const { client } = await lab.worker({ handlers: { only: () => 3 } });
    const { taskUuid: newer } = await client.submit(requestFor(newVersion));
    expect(await client.waitFor(newer)).toMatchObject({ status: 'complete' });
    expect(await client.get(taskUuid)).toMatchObject({ steps: [{ state: 'enqueued', attempts: 0 }, {}] });
  });
});
