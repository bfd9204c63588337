import { readFile } from 'node:fs/promises';

/** A fenced block below a file's name in bold, or below a comment that says as which file it is to be checked. */
const FILE = /^(?:\*\*`([^`\n]+)`\*\*|<!-- check: (\S+) -->)\n\n```\w+\n([\s\S]*?)^```$/gm;

/** The files that documents tell their reader to make, by path. */
export async function shownFiles(...documents: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const texts = await Promise.all(documents.map((document) => readFile(document, 'utf8')));
  return new Map(
    Array.from(texts.join('\n').matchAll(FILE), ([, named, checked, content = '']) => [
      named ?? checked ?? '',
      content,
    ]),
  );
}
