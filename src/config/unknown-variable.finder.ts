import { nearestName } from '../spelling/index.js';
import type { SettingProblem } from './settings.errors.js';

/**
 * Kubernetes puts the address of every Service into every pod of its namespace. A Service named `tasker` or `tasker-…`
 * gives names that begin like ours and that nobody chose.
 */
const SERVICE_LINK =
  /^TASKER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_PORT = /^TASKER_(\w+_)?PORT$/;
const SERVICE_LINK_ADDRESS = /^(tcp|udp|sctp):\/\//;

/** Belong to the test suites, which start the service in their own process. */
const TEST_VARIABLE = /^TASKER_TEST_/;

/** The `TASKER_…` variables that mean nothing here: a typo that is passed over in silence is a setting that lies. */
export function findUnknownVariables(env: NodeJS.ProcessEnv, known: readonly string[]): SettingProblem[] {
  return Object.entries(env)
    .filter(
      ([name, value]) =>
        name.startsWith('TASKER_') &&
        !known.includes(name) &&
        !TEST_VARIABLE.test(name) &&
        !isServiceLink(name, value),
    )
    .map(([name]) => unknownSetting(name, known));
}

/** Says that there is no such setting. Its value is not shown: nobody knows whether it is a secret. */
export function unknownSetting(name: string, known: readonly string[]): SettingProblem {
  const withoutPrefix = name.replace(/^TASKER_/, '');
  const meant = known.includes(withoutPrefix) ? withoutPrefix : nearestName(name, known, mostEdits(name));
  const suggestion = meant === null ? '' : `, did you mean ${meant}?`;
  return { name, value: null, message: `there is no such setting${suggestion}` };
}

/** Fewer than of other words: half of a name of ours is a prefix that is always right. */
function mostEdits({ length }: string): number {
  return Math.max(1, Math.floor(length / 4));
}

function isServiceLink(name: string, value = ''): boolean {
  return SERVICE_LINK.test(name) || (SERVICE_LINK_PORT.test(name) && SERVICE_LINK_ADDRESS.test(value));
}
