import { readFile, realpath, stat } from 'node:fs/promises';
import { loadSettings, type UnknownKeyMode } from '../config/index.js';
import { parseTemplate, TemplateError } from '../templates/index.js';
import type { OnIgnoredKey, TaskTemplate, TemplateProblem } from '../templates/index.js';
import { findTemplateFiles } from '../templates/template-files.finder.js';
import { templateIdentity } from '../templates/template.identity.js';
import { LARGEST_TEMPLATE } from '../templates/yaml-text.locator.js';
import { fileProblem } from './command-line.errors.js';

export interface LoadedTemplates {
  /** Those without a problem, in the order of the paths. */
  readonly templates: readonly TaskTemplate[];
  /** Everything that is wrong in all of the files. */
  readonly problems: readonly TemplateProblem[];
  /** The unknown keys that were ignored in valid files. */
  readonly warnings: readonly TemplateProblem[];
}

/**
 * The paths that a command was given, or those that the service would load.
 *
 * @throws InvalidSettingsError if `TASKER_TEMPLATE_PATH` is no list of directories
 */
export function pathsOrDefault(
  paths: readonly string[],
  { TASKER_TEMPLATE_PATH }: NodeJS.ProcessEnv,
): readonly string[] {
  return paths.length > 0 ? paths : loadSettings({ TASKER_TEMPLATE_PATH }).templates.templatePaths;
}

/**
 * What becomes of unknown keys that Tasker ignores: the same as in the service.
 *
 * @throws InvalidSettingsError if `TASKER_TEMPLATE_UNKNOWN_KEYS` is neither `refuse` nor `warn`
 */
export function unknownKeyMode({ TASKER_TEMPLATE_UNKNOWN_KEYS }: NodeJS.ProcessEnv): UnknownKeyMode {
  return loadSettings({ TASKER_TEMPLATE_UNKNOWN_KEYS }).templates.unknownTemplateKeys;
}

/**
 * Loads template files, and directories as the service loads them at its start. What the service would refuse is refused
 * here with the same words; unlike the service, this goes on with the files that are left.
 */
export async function loadTemplatePaths(
  paths: readonly string[],
  unknownKeys: UnknownKeyMode,
): Promise<LoadedTemplates> {
  const warnings: TemplateProblem[] = [];
  const ignore = unknownKeys === 'warn' ? (key: TemplateProblem) => void warnings.push(key) : undefined;
  const problems: TemplateProblem[] = [];
  const templates = new Map<string, TaskTemplate>();
  for (const file of await findFiles(paths, problems)) {
    const template = await loadFile(file, problems, ignore);
    if (template === null) continue;
    const identity = templateIdentity(template);
    const earlier = templates.get(identity);
    if (earlier === undefined) templates.set(identity, template);
    else problems.push(wholeFile(file, `template ${identity} is in ${earlier.file} already`));
  }
  return { templates: [...templates.values()], problems, warnings };
}

/** Each file once, also where it is named and lies in a directory that is named too. */
async function findFiles(paths: readonly string[], problems: TemplateProblem[]): Promise<readonly string[]> {
  const visited = new Set<string>();
  const files: string[] = [];
  for (const path of paths) {
    try {
      if ((await stat(path)).isDirectory()) {
        files.push(...(await findTemplateFiles(path, visited)));
        continue;
      }
      const real = await realpath(path);
      if (!visited.has(real)) files.push(path);
      visited.add(real);
    } catch (error) {
      problems.push(wholeFile(path, `cannot read the templates: ${fileProblem(error)}`));
    }
  }
  return files;
}

async function loadFile(
  file: string,
  problems: TemplateProblem[],
  onIgnoredKey: OnIgnoredKey | undefined,
): Promise<TaskTemplate | null> {
  try {
    return parseTemplate(await readText(file), file, onIgnoredKey);
  } catch (error) {
    if (error instanceof TemplateError) problems.push(...error.problems);
    else problems.push(wholeFile(file, `cannot read the file: ${fileProblem(error)}`));
    return null;
  }
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > LARGEST_TEMPLATE)
    throw new Error(`it has ${size} bytes; a template has at most ${LARGEST_TEMPLATE}`);
  return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
}

function wholeFile(file: string, message: string): TemplateProblem {
  return { file, line: 1, column: 1, path: '', message };
}
