import type { GraphStep } from '../templates/index.js';

export const DIRECTIONS = ['LR', 'TD'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** A Mermaid flowchart: a box for each step, an arrow from each dependency, both in the order of the steps. */
export function mermaidFlowchart(steps: readonly GraphStep[], direction: Direction): string {
  // Names stay out of the ids: Mermaid gives words such as `end` a meaning of their own.
  const ids = new Map(steps.map((step, index) => [step.name, `s${index}`]));
  const boxes = steps.map((step) => `  ${ids.get(step.name)}["${label(step.name)}"]`);
  const arrows = steps.flatMap((step) =>
    step.dependencies.map((dependency) => `  ${ids.get(dependency)} --> ${ids.get(step.name)}`),
  );
  return [`flowchart ${direction}`, ...boxes, ...arrows].join('\n');
}

// Letters, digits, blanks, and the dash or dot inside a word. Mermaid, its Markdown or its HTML might read more into the rest.
const NOT_PLAIN = /(?!(?<=\w)[-.](?=\w))[^\p{L}\p{M}\p{N}_ ]/gu;

/** Character references are shown as what they stand for. */
function label(name: string): string {
  return name.replaceAll(NOT_PLAIN, (character) => `#${character.codePointAt(0)};`);
}
