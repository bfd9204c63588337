import { formatProblem, type TemplateProblem } from '../templates/index.js';
import { counted } from './counted.format.js';
import type { OutputWriter } from './output.writer.js';

/** Every key that was ignored, on a line of its own. */
export function reportWarnings(warnings: readonly TemplateProblem[], output: OutputWriter): void {
  for (const warning of warnings) output.problem(`warning: ${formatProblem(warning)}`);
}

/** Every problem on a line of its own, then how many there are. */
export function reportProblems(problems: readonly TemplateProblem[], output: OutputWriter): void {
  const files = new Set(problems.map(({ file }) => file));
  output.problem(problems.map(formatProblem).join('\n'));
  output.problem(`\n${counted(problems.length, 'problem')} in ${counted(files.size, 'file')}`);
}
