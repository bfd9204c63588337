import type { UnknownKeyMode } from '../config/index.js';
import { parseCommandLine } from './command-line.parser.js';
import { EXIT, type Command, type CommandSurroundings } from './command.types.js';
import { counted } from './counted.format.js';
import { loadTemplatePaths, pathsOrDefault, unknownKeyMode } from './template-paths.loader.js';
import type { LoadedTemplates } from './template-paths.loader.js';
import { reportProblems, reportWarnings } from './template-problems.report.js';

const HELP = `Validates task templates as the service does at its start: keys, types, ranges, versions, JSON Schemas, the graph of
the steps, and the overrides of every environment. Only whether each step has a handler is left to the start.

Usage: tasker-templates check [files or directories...] [--json]

Without arguments it checks the directories of TASKER_TEMPLATE_PATH, or else config/tasks. Of a directory every .yaml and
.yml file is checked, hidden ones left out.

With TASKER_TEMPLATE_UNKNOWN_KEYS=warn, keys that are unknown here and that Tasker ignores are no problems: each is told as a
warning on standard error.

  --json      writes {"valid", "templates": [...], "problems": [{"file", "line", "column", "path", "message"}]} to
              standard output; with TASKER_TEMPLATE_UNKNOWN_KEYS=warn also "warnings", of the same form

Every problem of every file is told at once, as "file:line:column path: message" on standard error.
Exit code: 0 without problems, 1 with problems, 2 if the command line is wrong.`;

/** `check`: are these files valid templates? */
export const checkCommand: Command = {
  name: 'check',
  summary: 'validates templates; every problem with file, line, column and path',
  help: HELP,

  async run(args, { env, output }: CommandSurroundings) {
    const { values, positionals } = parseCommandLine(args, { json: { type: 'boolean' } });
    const paths = pathsOrDefault(positionals, env);
    const mode = unknownKeyMode(env);
    const loaded = await loadTemplatePaths(paths, mode);
    if (values.json !== true) reportWarnings(loaded.warnings, output);
    if (values.json === true) output.result(JSON.stringify(jsonReport(loaded, mode), null, 2));
    else if (loaded.problems.length > 0) reportProblems(loaded.problems, output);
    else output.result(summary(loaded, paths));
    return loaded.problems.length > 0 ? EXIT.problems : EXIT.ok;
  },
};

function summary({ templates }: LoadedTemplates, paths: readonly string[]): string {
  if (templates.length === 0) return `no templates in ${paths.join(', ')}`;
  const steps = templates.reduce((sum, template) => sum + template.steps.length, 0);
  return `${counted(templates.length, 'template')} with ${counted(steps, 'step')}: no problems`;
}

function jsonReport({ templates, problems, warnings }: LoadedTemplates, mode: UnknownKeyMode): object {
  return {
    valid: problems.length === 0,
    templates: templates.map(({ file, namespace, name, version, steps }) => ({
      file,
      namespace,
      name,
      version,
      steps: steps.length,
    })),
    problems,
    ...(mode === 'warn' && { warnings }),
  };
}
