/** One setting that is not as it should be. */
export interface SettingProblem {
  /** The environment variable, or the option where the value was given in code. */
  readonly name: string;
  /** What came, secrets masked; null where it is not shown. */
  readonly value: string | null;
  /** What is wrong: "expected …", or that there is no such setting. */
  readonly message: string;
}

/** The service can't start with these settings; `problems` has every bad one. */
export class InvalidSettingsError extends Error {
  readonly code = 'SETTINGS_INVALID';

  constructor(readonly problems: readonly SettingProblem[]) {
    super(['The settings are not valid:', ...problems.map(describe)].join('\n'));
    this.name = 'InvalidSettingsError';
  }
}

function describe({ name, value, message }: SettingProblem): string {
  return value === null ? `  ${name}: ${message}` : `  ${name} = ${value}: ${message}`;
}
