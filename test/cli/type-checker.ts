import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
/** Where files that are never written seem to be; the compiler only looks into folders that exist. */
const FOLDER = import.meta.dirname;

/**
 * What the compiler has against some files, with this repository's own settings, by file name.
 *
 * @param files their texts by name; they may import each other, and the sources from `../../src/`
 */
export function typeErrors(files: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(FOLDER, name), text]));
  const options = { ...repositoryOptions(), noEmit: true };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (path) => texts.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => texts.get(path) ?? onDisk.readFile(path);
  host.getSourceFile = (path, target) => {
    const text = texts.get(path);
    return text === undefined ? onDisk.getSourceFile(path, target) : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return new Map(
    [...texts.keys()].map((path) => {
      const source = program.getSourceFile(path);
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      const messages = found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      return [path.slice(FOLDER.length + 1), messages];
    }),
  );
}

function repositoryOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, ROOT).options;
}
