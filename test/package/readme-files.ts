import { readFile } from 'node:fs/promises';

/** A fenced block below a file's name in bold, or below a comment that says as which file it is to be checked. */
const FILE = /^(?:\*\*`([^`\n]+)`\*\*|<!-- check: (\S+) -->)\n\n```\w+\n([\s\S]*?)^```$/gm;

/** The files that a document tells its reader to make, by path. */
export async function readmeFiles(document: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(document, 'utf8');
  return new Map(
    Array.from(text.matchAll(FILE), ([, named, checked, content = '']) => [named ?? checked ?? '', content]),
  );
}
