import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ServiceProcess } from '../e2e/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { ROOT } from './packed-project.js';
import { Anonymizer, shortenedLike, ShownCommands } from './readme-commands.js';

let database: TestDatabase;
let commands: ShownCommands;
let answers: readonly string[];

beforeAll(async () => {
  database = await createTestDatabase();
  commands = await ShownCommands.of(join(ROOT, 'README.md'), 'REST API');
  const service = await ServiceProcess.start({ DATABASE_URL: database.url });
  const guarded = await ServiceProcess.start({
    DATABASE_URL: database.url,
    ...(await commands.serviceEnvironment()),
  });
  answers = await commands.answers({
    'http://localhost:8080': service.url,
    'http://localhost:8081': guarded.url,
  });
}, 120_000);

afterAll(async () => {
  await Program.killAll();
  await database.drop();
});

it('The commands of the README’s REST API section answer what it shows', () => {
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
});
