/** One thing that is wrong, and where: `line` and `column` count from 1; `path` is empty when the whole file is meant. */
export interface TemplateProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

/** `file:line:column path: message`, a form that editors and terminals turn into a link. */
export function formatProblem({ file, line, column, path, message }: TemplateProblem): string {
  const place = `${file}:${line}:${column}`;
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`;
}

function formatProblems(problems: readonly TemplateProblem[]): string {
  return problems.map((problem) => `\n  ${formatProblem(problem)}`).join('');
}

/** A text is no valid template. `problems` holds everything that is wrong with it, in the order of the text. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code = 'TEMPLATE_INVALID';

  constructor(
    readonly file: string,
    readonly problems: readonly TemplateProblem[],
  ) {
    super(`${file} is not a valid task template:${formatProblems(problems)}`);
  }
}

/** Template directories could not be loaded. `problems` holds everything that is wrong in all of their files. */
export class TemplateLoadError extends Error {
  override readonly name = 'TemplateLoadError';
  readonly code = 'TEMPLATE_LOAD_FAILED';

  constructor(readonly problems: readonly TemplateProblem[]) {
    super(`the task templates did not load, nothing was started:${formatProblems(problems)}`);
  }
}

/** Another template of the same namespace, name and version, with other content, is registered already. */
export class TemplateConflictError extends Error {
  override readonly name = 'TemplateConflictError';
  readonly code = 'TEMPLATE_CONFLICT';

  constructor(
    readonly identity: string,
    readonly registeredFile: string,
    readonly refusedFile: string,
  ) {
    super(
      `template ${identity} of ${refusedFile} differs from the one of ${registeredFile}; ` +
        'a version never changes: give the new content a new version',
    );
  }
}

/** What is wrong with a JSON Schema, and where in it; a number in `segments` is a list's index. */
export interface SchemaProblem {
  readonly segments: readonly (string | number)[];
  readonly message: string;
  /** The segments name a keyword that no JSON Schema has; Tasker ignores it. */
  readonly isUnknownKeyword?: true;
}

/** A JSON Schema does not compile. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly code = 'SCHEMA_INVALID';

  constructor(readonly problems: readonly SchemaProblem[]) {
    super(`not a valid JSON Schema: ${problems.map((problem) => problem.message).join('; ')}`);
  }
}
