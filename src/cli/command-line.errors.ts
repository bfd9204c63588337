/** The command line can't be understood. The message says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'CLI_USAGE';
}

/** A file or a folder can't be read or written. */
export class FileAccessError extends Error {
  override readonly name = 'FileAccessError';
  readonly code = 'CLI_FILE_ACCESS';

  constructor(action: 'read' | 'write', path: string, cause: unknown) {
    super(`cannot ${action} ${path}: ${fileProblem(cause)}`, { cause });
  }
}

/** A file system's error in words. */
export function fileProblem(error: unknown): string {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
      return 'it does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of the path is a file, where a directory is needed';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'it is not UTF-8 text';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

export function systemErrorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
