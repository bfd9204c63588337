import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../e2e/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { ROOT } from './packed-project.js';
import { Anonymizer, shortenedLike, ShownCommands } from './shown-commands.js';

let database: TestDatabase;
let service: ServiceProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await ServiceProcess.start({ DATABASE_URL: database.url });
}, 120_000);

afterAll(async () => {
  await Program.killAll();
  await database.drop();
});

describe('The commands answer as they are shown', () => {
  it('in the README, to whoever tries it', async () => {
    const commands = await ShownCommands.of(join(ROOT, 'README.md'), 'Try it');
    const answers = await commands.answers({ 'localhost:8080': new URL(service.url).host });
    expect(commands.asked).toHaveLength(1);
    expect(answers).toEqual(commands.asked.map(({ answer }) => answer));
  }, 60_000);

  it('in docs/rest-api.md', async () => {
    const commands = await ShownCommands.of(join(ROOT, 'docs/rest-api.md'));
    const guarded = await ServiceProcess.start({
      DATABASE_URL: database.url,
      ...(await commands.serviceEnvironment()),
    });
    const answers = await commands.answers({
      'http://localhost:8080': service.url,
      'http://localhost:8081': guarded.url,
    });
    const [shownNames, realNames] = [new Anonymizer(), new Anonymizer()];
    expect(commands.asked.length).toBeGreaterThan(10);
    for (const [place, { commands: asked, answer }] of commands.asked.entries()) {
      const real = answers[place] ?? '';
      const isJson = answer !== null && /^[{[]/.test(answer) && !answer.includes('\ndata:');
      const shown: unknown = isJson ? JSON.parse(answer) : (answer ?? '').trim();
      const comparable: unknown = isJson ? shortenedLike(shown, JSON.parse(real)) : real.trim();
      expect([asked, realNames.text(JSON.stringify(comparable))]).toEqual([
        asked,
        shownNames.text(JSON.stringify(shown)),
      ]);
    }
  }, 120_000);
});
