import { UsageError } from './command-line.errors.js';
import { parseCommandLine } from './command-line.parser.js';
import { EXIT, type Command, type CommandSurroundings } from './command.types.js';
import { DIRECTIONS, mermaidFlowchart, type Direction } from './mermaid.flowchart.js';
import { loadTemplatePaths, unknownKeyMode } from './template-paths.loader.js';
import { reportProblems, reportWarnings } from './template-problems.report.js';

const HELP = `Prints the steps of a template and what they wait for as a Mermaid flowchart, for a Markdown file or mermaid.live.

Usage: tasker-templates graph <file> [--direction LR|TD]

  --direction   LR (default) draws from left to right, TD from the top down

TASKER_TEMPLATE_UNKNOWN_KEYS counts as in check. The same template always gives the same text: steps and arrows come in the order of the file.
Exit code: 0, 1 if the template has problems, 2 if the command line is wrong.`;

/** `graph`: what does this workflow look like? */
export const graphCommand: Command = {
  name: 'graph',
  summary: "prints a template's steps as a Mermaid flowchart",
  help: HELP,

  async run(args, { env, output }: CommandSurroundings) {
    const { values, positionals } = parseCommandLine(args, { direction: { type: 'string' } });
    const direction = directionOf(values.direction ?? 'LR');
    if (positionals.length !== 1) throw new UsageError(`expected one file, got ${positionals.length}`);
    const loaded = await loadTemplatePaths(positionals, unknownKeyMode(env));
    const { templates, problems, warnings } = loaded;
    reportWarnings(warnings, output);
    if (problems.length > 0) {
      reportProblems(problems, output);
      return EXIT.problems;
    }
    const [template, ...others] = templates;
    if (template === undefined || others.length > 0)
      throw new UsageError(`expected the file of one template; ${positionals[0]} has ${templates.length}`);
    output.result(mermaidFlowchart(template.steps, direction));
    return EXIT.ok;
  },
};

function directionOf(word: string): Direction {
  const direction = DIRECTIONS.find((candidate) => candidate === word.toUpperCase());
  if (direction !== undefined) return direction;
  throw new UsageError(`--direction: expected ${DIRECTIONS.join(' or ')}, got ${JSON.stringify(word)}`);
}
