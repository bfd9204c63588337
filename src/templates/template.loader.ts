import { readFile, stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { findTemplateFiles } from './template-files.finder.js';
import { TemplateError, TemplateLoadError, type TemplateProblem } from './template.errors.js';
import { templateIdentity } from './template.identity.js';
import { parseTemplate, type OnIgnoredKey } from './template.parser.js';
import type { TaskTemplate } from './template.types.js';
import { LARGEST_TEMPLATE } from './yaml-text.locator.js';

/** Reads template directories: all of their templates, or all of their problems. */
@Injectable()
export class TemplateLoader {
  /**
   * Loads every `.yaml` and `.yml` file below the directories, in the order of directories and paths. An empty directory is
   * fine, a missing one is not.
   *
   * @param onIgnoredKey with it, unknown keys that Tasker ignores are no problems: once all files have been found valid, each
   *   is told here
   * @throws TemplateLoadError with everything that is wrong in all of the files
   */
  async loadDirectories(
    paths: readonly string[],
    onIgnoredKey?: OnIgnoredKey,
  ): Promise<readonly TaskTemplate[]> {
    const problems: TemplateProblem[] = [];
    const ignored: TemplateProblem[] = [];
    const templates: TaskTemplate[] = [];
    const ignore = onIgnoredKey && ((key: TemplateProblem) => void ignored.push(key));
    for (const file of await this.findFiles(paths, problems)) {
      const template = await this.loadFile(file, problems, ignore);
      if (template !== null) templates.push(template);
    }
    problems.push(...repeatedTemplates(templates));
    if (problems.length > 0) throw new TemplateLoadError(problems);
    for (const key of ignored) onIgnoredKey?.(key);
    return templates;
  }

  private async findFiles(paths: readonly string[], problems: TemplateProblem[]): Promise<readonly string[]> {
    const visited = new Set<string>();
    const files: string[] = [];
    for (const path of paths) {
      try {
        files.push(...(await findTemplateFiles(path, visited)));
      } catch (error) {
        problems.push(wholeFile(path, `cannot read the template directory: ${reason(error)}`));
      }
    }
    return files;
  }

  private async loadFile(
    file: string,
    problems: TemplateProblem[],
    onIgnoredKey: OnIgnoredKey | undefined,
  ): Promise<TaskTemplate | null> {
    try {
      return parseTemplate(await readText(file), file, onIgnoredKey);
    } catch (error) {
      if (error instanceof TemplateError) problems.push(...error.problems);
      else problems.push(wholeFile(file, `cannot read the file: ${reason(error)}`));
      return null;
    }
  }
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > LARGEST_TEMPLATE)
    throw new Error(`it has ${size} bytes; a template has at most ${LARGEST_TEMPLATE}`);
  return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
}

function repeatedTemplates(templates: readonly TaskTemplate[]): readonly TemplateProblem[] {
  const first = new Map<string, string>();
  return templates.flatMap((template) => {
    const identity = templateIdentity(template);
    const earlier = first.get(identity);
    if (earlier === undefined) first.set(identity, template.file);
    return earlier === undefined
      ? []
      : [wholeFile(template.file, `template ${identity} is in ${earlier} already`)];
  });
}

function wholeFile(file: string, message: string): TemplateProblem {
  return { file, line: 1, column: 1, path: '', message };
}

function reason(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'ENOTDIR') return 'it is not a directory';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  return error instanceof Error ? error.message : String(error);
}
