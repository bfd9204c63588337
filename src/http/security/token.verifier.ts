import { readFileSync } from 'node:fs';

import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';

import { InvalidSettingsError, type SecuritySettings } from '../../config/index.js';
import { AuthenticationUnavailableError, UnauthorizedError } from '../api.errors.js';
import { PermissionSet } from './permission-set.js';

const FETCH_TIMEOUT_MS = 5_000;
/** Clocks differ a little. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** A key that the issuer withdraws is trusted for no longer. */
const KEYS_MAX_AGE_MS = 60_000;
/** An unknown key makes the issuer be asked again, but no more often. */
const COOLDOWN_MS = 30_000;
/** An issuer that could not be asked is left alone for so long. */
const FAILURE_PAUSE_MS = 1_000;

/** Whom a token speaks for. */
export interface TokenHolder {
  readonly subject: string;
  readonly permissions: PermissionSet;
  /** When the token is good no longer, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Checks JSON Web Tokens against the keys of an issuer. */
export class TokenVerifier {
  private constructor(
    private readonly keys: JWTVerifyGetKey,
    private readonly settings: SecuritySettings,
  ) {}

  /** Null where no JWKS is given. @throws InvalidSettingsError where its file is none */
  static fromSettings(settings: SecuritySettings): TokenVerifier | null {
    const { jwksUrl, jwksFile } = settings;
    if (jwksFile !== undefined) return new TokenVerifier(keysOfFile(jwksFile), settings);
    return jwksUrl === undefined ? null : new TokenVerifier(keysOfIssuer(new URL(jwksUrl)), settings);
  }

  /**
   * Whom the token speaks for. Permissions are the strings of its claim `permissions`, and the words of `scope`; those that
   * there are none of, and a permission for everything, grant nothing.
   *
   * @throws UnauthorizedError where the token is not good
   * @throws AuthenticationUnavailableError where the issuer's keys can't be had
   */
  async verify(token: string): Promise<TokenHolder> {
    const { jwtIssuer, jwtAudience, jwtAlgorithms } = this.settings;
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer: jwtIssuer ?? '',
        audience: jwtAudience ?? '',
        algorithms: [...jwtAlgorithms],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub'],
      });
      const { sub = '', exp = 0 } = payload;
      const expiresAt = (exp + CLOCK_TOLERANCE_SECONDS) * 1000;
      return { subject: sub, permissions: PermissionSet.of(wordsOf(payload)), expiresAt };
    } catch (error) {
      throw refusal(error);
    }
  }
}

function wordsOf({ permissions, scope }: JWTPayload): readonly string[] {
  const listed = Array.isArray(permissions) ? permissions.filter((item) => typeof item === 'string') : [];
  return typeof scope === 'string' ? [...listed, ...scope.split(' ')] : listed;
}

/** The keys of the file, read again when they are older than a minute. */
function keysOfFile(file: string): JWTVerifyGetKey {
  let keys = createLocalJWKSet(readJwks(file));
  let readAt = Date.now();
  return (header, token) => {
    if (Date.now() >= readAt + KEYS_MAX_AGE_MS) {
      keys = createLocalJWKSet(readJwks(file));
      readAt = Date.now();
    }
    return keys(header, token);
  };
}

/** The keys of the issuer; while it can't be asked, and its keys are too old, tokens are refused without asking each time. */
function keysOfIssuer(url: URL): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    cooldownDuration: COOLDOWN_MS,
  });
  let failure: { readonly error: unknown; readonly at: number } | null = null;
  return async (header, token) => {
    if (failure !== null && Date.now() < failure.at + FAILURE_PAUSE_MS) throw failure.error;
    try {
      const key = await keys(header, token);
      failure = null;
      return key;
    } catch (error) {
      if (isAboutKeys(error) && !keys.fresh) failure = { error, at: Date.now() };
      throw error;
    }
  };
}

/** What the token itself is refused for has a class of its own; the rest is about getting at the keys. */
function isAboutKeys(error: unknown): boolean {
  return error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || isBadKeySet(error);
}

function refusal(error: unknown): Error {
  if (isAboutKeys(error) || !(error instanceof errors.JOSEError))
    return new AuthenticationUnavailableError(
      'Tokens cannot be checked now: the keys of their issuer cannot be had',
      {
        cause: error,
      },
    );
  return new UnauthorizedError(`The token is not good: ${error.message}`, { cause: error });
}

function isBadKeySet(error: errors.JOSEError): boolean {
  return error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC';
}

function readJwks(file: string): JSONWebKeySet {
  const refuse = (message: string) =>
    new InvalidSettingsError([{ name: 'TASKER_JWKS_FILE', value: JSON.stringify(file), message }]);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refuse(
      `expected a file with a JSON Web Key Set (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  if (!isKeySet(value)) throw refuse('expected {"keys": [...]} with at least one key');
  return value;
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  const keys: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'keys') : undefined;
  return (
    Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'object' && key !== null)
  );
}
