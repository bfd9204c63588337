/** The one way in which the command line says something. */
export interface OutputWriter {
  /** What the command was asked for: standard output. */
  result(text: string): void;
  /** What is wrong, and what to do about it: standard error. */
  problem(text: string): void;
}

/** Writes to the process's own streams. A reader that has seen enough (`… | head`) is no error. */
export function processOutput({ stdout, stderr }: NodeJS.Process): OutputWriter {
  for (const stream of [stdout, stderr]) stream.on('error', ignoreClosedPipe);
  return {
    result: (text) => void stdout.write(`${printable(text)}\n`),
    problem: (text) => void stderr.write(`${printable(text)}\n`),
  };
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Templates and file names may hold control characters, and a terminal obeys those. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
