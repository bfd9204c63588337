import { InvalidSettingsError } from '../config/index.js';
import { checkCommand } from './check.command.js';
import { FileAccessError, UsageError } from './command-line.errors.js';
import { EXIT, type Command, type CommandSurroundings, type ExitCode } from './command.types.js';
import { graphCommand } from './graph.command.js';
import { typesCommand } from './types.command.js';

const COMMANDS: readonly Command[] = [checkCommand, typesCommand, graphCommand];

const HELP = `Works on task templates without starting the service.

Usage: tasker-templates <command> [arguments] [flags]
       npm run templates -- <command> [arguments] [flags]      in the repository of tasker-nest; with npm run --silent
                                                               only the command itself writes to standard output

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(8)}${summary}`).join('\n')}

Exit code: 0 all is well, 1 problems were found, 2 the command line or a setting is wrong.
"tasker-templates <command> --help" tells all about a command.`;

/** Runs what the command line says; every expected failure is told in words and by the exit code. */
export async function runCommandLine(
  [name, ...args]: readonly string[],
  surroundings: CommandSurroundings,
): Promise<ExitCode> {
  const { output } = surroundings;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) return answerWithoutCommand(name, surroundings);
  if (asksForHelp(args)) {
    output.result(command.help);
    return EXIT.ok;
  }
  try {
    return await command.run(args, surroundings);
  } catch (error) {
    if (error instanceof UsageError) {
      output.problem(`${command.name}: ${error.message}\nSee "tasker-templates ${command.name} --help".`);
      return EXIT.usage;
    }
    if (error instanceof InvalidSettingsError || error instanceof FileAccessError) {
      output.problem(error.message);
      return error instanceof FileAccessError ? EXIT.problems : EXIT.usage;
    }
    throw error;
  }
}

function answerWithoutCommand(word: string | undefined, { output }: CommandSurroundings): ExitCode {
  if (word === 'help' || (word !== undefined && asksForHelp([word]))) {
    output.result(HELP);
    return EXIT.ok;
  }
  const names = COMMANDS.map(({ name }) => name).join(', ');
  const problem = word === undefined ? 'A command is missing' : `There is no command ${JSON.stringify(word)}`;
  output.problem(`${problem}; the commands are ${names}.\nSee "tasker-templates --help".`);
  return EXIT.usage;
}

/** Anywhere on the line, as people add it to what they have typed already; after `--` it is a name. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === '--help' || arg === '-h');
}
