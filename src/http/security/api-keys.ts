import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { InvalidSettingsError, type SecuritySettings } from '../../config/index.js';
import { permissionProblem, PermissionSet } from './permission-set.js';

/** A key that opens the API to whoever knows it. */
export interface ApiKey {
  /** For the log. */
  readonly name: string;
  readonly permissions: PermissionSet;
}

interface StoredKey extends ApiKey {
  readonly digest: Buffer;
}

const HEX_SHA256 = /^[\da-f]{64}$/i;

/** The API keys that the settings give. Only their digests are kept. */
export class ApiKeys {
  private constructor(private readonly keys: readonly StoredKey[]) {}

  /** @throws InvalidSettingsError where they are not what they should be; no key is shown */
  static fromSettings({ apiKeys, apiKeysFile }: SecuritySettings): ApiKeys {
    if (apiKeysFile !== undefined) return read('TASKER_API_KEYS_FILE', readText(apiKeysFile), apiKeysFile);
    return apiKeys === undefined ? new ApiKeys([]) : read('TASKER_API_KEYS', apiKeys, null);

    function read(name: string, text: string, value: string | null): ApiKeys {
      const found = parseKeys(text);
      if ('problem' in found)
        throw new InvalidSettingsError([
          { name, value: value && JSON.stringify(value), message: found.problem },
        ]);
      return new ApiKeys(found.keys);
    }
  }

  get count(): number {
    return this.keys.length;
  }

  /** The key that this is, or null. Takes as long whatever it is, and compares it with every key. */
  find(secret: string): ApiKey | null {
    const digest = sha256(secret);
    let found: ApiKey | null = null;
    for (const key of this.keys) if (timingSafeEqual(key.digest, digest)) found = key;
    return found;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `expected a file that can be read (${error instanceof Error ? error.message : String(error)})`;
    throw new InvalidSettingsError([{ name: 'TASKER_API_KEYS_FILE', value: JSON.stringify(file), message }]);
  }
}

type Parsed = { readonly keys: readonly StoredKey[] } | { readonly problem: string };

function parseKeys(text: string): Parsed {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return { problem: 'expected JSON' };
  }
  if (!Array.isArray(list) || list.length === 0)
    return { problem: 'expected a JSON array with at least one key' };
  const keys: StoredKey[] = [];
  for (const [place, item] of list.entries()) {
    const key = parseKey(item);
    if (typeof key === 'string') return { problem: `[${place}]: ${key}` };
    if (keys.some((other) => other.name === key.name)) return { problem: `[${place}]: the name is taken` };
    keys.push(key);
  }
  return { keys };
}

/** The key, or what is wrong with it. */
function parseKey(item: unknown): StoredKey | string {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return 'expected an object';
  const { name, key, key_sha256, permissions, ...unknown }: Record<string, unknown> = { ...item };
  const [more] = Object.keys(unknown);
  if (more !== undefined) return `"${more}" is not known; there are name, key, key_sha256, permissions`;
  if (typeof name !== 'string' || name === '') return 'expected a name';
  if ((key === undefined) === (key_sha256 === undefined)) return 'expected either key or key_sha256';
  if (key !== undefined && (typeof key !== 'string' || key.length < 16))
    return 'expected a key of at least 16 characters';
  if (key_sha256 !== undefined && (typeof key_sha256 !== 'string' || !HEX_SHA256.test(key_sha256)))
    return 'expected key_sha256 as 64 hexadecimal digits';
  if (!isTexts(permissions) || permissions.length === 0) return 'expected at least one permission';
  const problem = permissions.map(permissionProblem).find((one) => one !== null);
  if (problem !== undefined) return problem;
  const digest = typeof key === 'string' ? sha256(key) : Buffer.from(String(key_sha256), 'hex');
  return { name, digest, permissions: PermissionSet.of(permissions) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
