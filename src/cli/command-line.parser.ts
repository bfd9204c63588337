import { parseArgs, types, type ParseArgsConfig } from 'node:util';
import { systemErrorCode, UsageError } from './command-line.errors.js';

type Options = NonNullable<ParseArgsConfig['options']>;
type CommandLine<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true; strict: true }>
>;

/**
 * Reads a command's flags and arguments.
 *
 * @throws UsageError naming the flag that is unknown, or that lacks its value, and the flags that there are
 */
export function parseCommandLine<const T extends Options>(
  args: readonly string[],
  options: T,
): CommandLine<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const code = systemErrorCode(error);
    if (!types.isNativeError(error) || typeof code !== 'string' || !code.startsWith('ERR_PARSE_ARGS'))
      throw error;
    const known = Object.keys(options).map((name) => `--${name}`);
    // Node's other sentences are about arguments that begin with a dash, which nothing here does.
    const [message] = error.message.split(/\.\s/);
    throw new UsageError(`${message}; the flags are ${[...known, '--help'].join(', ')}`);
  }
}
