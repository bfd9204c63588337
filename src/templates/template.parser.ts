import { contentHash } from './content.hash.js';
import { frozen } from './deep.freezer.js';
import type { JsonValue } from './json.types.js';
import type { LocatedValue } from './located-value.types.js';
import { ProblemLog } from './problem.log.js';
import { locateStoredJson } from './stored-json.locator.js';
import { hashedDefinition } from './template.definition.js';
import { TemplateError, type TemplateProblem } from './template.errors.js';
import { templateContent, type TemplateContent } from './template.reader.js';
import type { TaskTemplate } from './template.types.js';
import { Cursor } from './value.cursor.js';
import { locateYaml } from './yaml-text.locator.js';

/** Takes an unknown key that was left out: where it stands, and what was perhaps meant. */
export type OnIgnoredKey = (key: TemplateProblem) => void;

/**
 * Parses one template file.
 *
 * @param text the file's content, YAML
 * @param file its name, for messages
 * @param onIgnoredKey with it, unknown keys that Tasker ignores are no problems: once the file has been found valid, each is
 *   told here, in the order of the text. They are no part of the template
 * @throws TemplateError with everything that is wrong with it
 */
export function parseTemplate(text: string, file: string, onIgnoredKey?: OnIgnoredKey): TaskTemplate {
  const log = new ProblemLog(file, onIgnoredKey !== undefined);
  const content = checked(locateYaml(text, log), log);
  if (onIgnoredKey !== undefined) log.ignoredKeys().forEach((key) => onIgnoredKey(key));
  return frozen({ ...content, contentHash: contentHash(hashedDefinition(content)), file });
}

/**
 * Rebuilds a template from what `templateDefinition` made of it, to serve tasks of a version whose file is gone.
 *
 * @param hash the hash that was stored with it. It is kept, not recomputed: a release that words definitions in another way
 *   must still know the version under its name
 * @throws TemplateError if this release would refuse the definition
 */
export function restoreTemplate(
  definition: JsonValue,
  hash: string,
  file = '(stored definition)',
): TaskTemplate {
  const log = new ProblemLog(file);
  const content = checked(locateStoredJson(definition), log);
  return frozen({ ...content, contentHash: hash, file });
}

function checked(value: LocatedValue | null, log: ProblemLog): TemplateContent {
  const content = value === null ? null : templateContent(Cursor.atRoot(value, log));
  if (content === null || !log.isEmpty) throw new TemplateError(log.file, log.problems());
  return content;
}
