import { IntegerSetting, NameListSetting, TextSetting } from './setting.decorator.js';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const HIDDEN = (): string => '(not shown)';
const isText = (value: unknown): boolean => typeof value === 'string';

function isUrl(value: unknown, ...protocols: readonly string[]): boolean {
  return typeof value === 'string' && URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

/** Who may ask for what, how often, and for how long. Without keys and without JWKS everything is open. */
export class SecuritySettings {
  /** `[{"name", "key" or "key_sha256", "permissions"}]` */
  @TextSetting('TASKER_API_KEYS', {
    expected: 'a JSON array of {"name", "key" or "key_sha256", "permissions"}',
    accepts: isText,
    show: HIDDEN,
  })
  readonly apiKeys: string | undefined = undefined;

  /** A file with the same. */
  @TextSetting('TASKER_API_KEYS_FILE', { expected: 'a path', accepts: isText })
  readonly apiKeysFile: string | undefined = undefined;

  @TextSetting('TASKER_JWKS_URL', {
    expected: 'an http or https URL',
    accepts: (value) => isUrl(value, 'http:', 'https:'),
  })
  readonly jwksUrl: string | undefined = undefined;

  @TextSetting('TASKER_JWKS_FILE', { expected: 'a path', accepts: isText })
  readonly jwksFile: string | undefined = undefined;

  @TextSetting('TASKER_JWT_ISSUER', { expected: 'a text', accepts: isText })
  readonly jwtIssuer: string | undefined = undefined;

  @TextSetting('TASKER_JWT_AUDIENCE', { expected: 'a text', accepts: isText })
  readonly jwtAudience: string | undefined = undefined;

  /** Signatures by shared secrets are none of them: whoever can check one could make one. */
  @TextSetting('TASKER_JWT_ALGORITHMS', {
    expected: `some of ${ALGORITHMS.join(', ')}, separated by commas`,
    read: (text) => text.split(',').map((item) => item.trim()),
    accepts: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((item) => ALGORITHMS.includes(item)),
  })
  readonly jwtAlgorithms: readonly string[] = ['RS256'];

  /** Requests a minute of one client, by its key, its token's subject, or its address; 0: no limit. */
  @IntegerSetting('TASKER_RATE_LIMIT', 0, 1_000_000)
  readonly rateLimit: number = 0;

  /** How long an answer may take, those apart that wait on purpose. */
  @IntegerSetting('TASKER_REQUEST_TIMEOUT_SECONDS', 1, 3600)
  readonly requestTimeoutSeconds: number = 30;

  /** Web pages of these origins may call the API. */
  @NameListSetting('TASKER_CORS_ORIGINS')
  readonly corsOrigins: readonly string[] | undefined = undefined;
}
