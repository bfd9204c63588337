import { UsageError } from './command-line.errors.js';
import { parseCommandLine } from './command-line.parser.js';
import { EXIT, type Command, type CommandSurroundings, type ExitCode } from './command.types.js';
import { counted } from './counted.format.js';
import { stateOf, writeGeneratedFile, type FileState } from './generated-file.store.js';
import { planGeneratedFiles, type GeneratedFile } from './generated-files.plan.js';
import type { OutputWriter } from './output.writer.js';
import { loadTemplatePaths, pathsOrDefault, unknownKeyMode } from './template-paths.loader.js';
import { reportProblems, reportWarnings } from './template-problems.report.js';

const DEFAULT_DIRECTORY = 'src/workflows';

const HELP = `Writes TypeScript types from the JSON Schemas of task templates, so that the compiler refuses a handler that reads a
field which the context does not have, or the result of a step which its own does not depend on.

Usage: tasker-templates types [files or directories...] [--out DIR] [--check]

Without arguments it takes the directories of TASKER_TEMPLATE_PATH, or else config/tasks. TASKER_TEMPLATE_UNKNOWN_KEYS counts as in check.

  --out DIR   where to write; default ${DEFAULT_DIRECTORY}. Each template has one file there, beside the handlers of its
              namespace: <DIR>/<namespace>/<template>.types.ts, with dashes for underscores. The template
              linear_workflow/mathematical_sequence gives ${DEFAULT_DIRECTORY}/linear-workflow/mathematical-sequence.types.ts.
              Of several versions the newest has that name, an older one is <template>-<version>.types.ts.
  --check     writes nothing and names the files that are missing or out of date, for CI

A file has the context (<Template>Context, from input_schema), and for every step its result (<Step>Result, from
result_schema; any JSON without one) and its dependencies (<Step>Dependencies):

  class LinearStep2Handler implements StepHandlerContract<MathematicalSequenceContext, LinearStep2Result, LinearStep2Dependencies> {
    call(step: TaskSequenceStep<MathematicalSequenceContext, LinearStep2Dependencies>): LinearStep2Result { ... }
  }

Files import nothing, and are as prettier leaves them at singleQuote, trailingComma "all" and printWidth 110. A file that was
not generated is never overwritten.
Exit code: 0, 1 if templates have problems or --check finds files out of date, 2 if the command line is wrong.`;

/** `types`: what do handlers of these templates get, and give? */
export const typesCommand: Command = {
  name: 'types',
  summary: 'writes TypeScript types of context, results and dependencies for handlers',
  help: HELP,

  async run(args, { env, output }: CommandSurroundings) {
    const { values, positionals } = parseCommandLine(args, {
      out: { type: 'string', default: DEFAULT_DIRECTORY },
      check: { type: 'boolean', default: false },
    });
    if (values.out === '') throw new UsageError('--out: expected a directory, got nothing');
    const paths = pathsOrDefault(positionals, env);
    const { templates, problems, warnings } = await loadTemplatePaths(paths, unknownKeyMode(env));
    reportWarnings(warnings, output);
    if (problems.length > 0) {
      reportProblems(problems, output);
      output.problem('No types were written.');
      return EXIT.problems;
    }
    if (templates.length === 0) output.result(`no templates in ${paths.join(', ')}`);
    const files = await withStates(planGeneratedFiles(templates, values.out));
    return values.check ? reportStale(files, output) : writeStale(files, output);
  },
};

type FileWithState = GeneratedFile & { readonly state: FileState };

async function withStates(files: readonly GeneratedFile[]): Promise<readonly FileWithState[]> {
  return Promise.all(files.map(async (file) => ({ ...file, state: await stateOf(file) })));
}

async function writeStale(files: readonly FileWithState[], output: OutputWriter): Promise<ExitCode> {
  const handwritten = files.filter(({ state }) => state === 'handwritten');
  if (handwritten.length > 0) {
    for (const { path } of handwritten)
      output.problem(`${path}: was not generated; move it, or write elsewhere with --out`);
    output.problem('No types were written.');
    return EXIT.problems;
  }
  const stale = files.filter(({ state }) => state !== 'current');
  for (const file of stale) {
    await writeGeneratedFile(file);
    output.result(file.path);
  }
  output.result(`${counted(stale.length, 'file')} written, ${files.length - stale.length} up to date`);
  return EXIT.ok;
}

const STALE_MESSAGES: Readonly<Record<Exclude<FileState, 'current'>, string>> = {
  missing: 'is missing',
  outdated: 'is out of date',
  handwritten: 'was not generated from its template',
};

function reportStale(files: readonly FileWithState[], output: OutputWriter): ExitCode {
  const stale = files.flatMap(({ path, state }) =>
    state === 'current' ? [] : [`${path}: ${STALE_MESSAGES[state]}`],
  );
  if (stale.length === 0) {
    output.result(`${counted(files.length, 'file')} up to date`);
    return EXIT.ok;
  }
  output.problem(stale.join('\n'));
  output.problem('\nRun the same command without --check, and commit what it writes.');
  return EXIT.problems;
}
