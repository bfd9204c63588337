import { readFileSync } from 'node:fs';

/** The text of `folder-remover.mjs`. The build replaces this module by one that has it: build/files.inliner.mjs. */
export const FOLDER_REMOVER_SOURCE = readFileSync(new URL('./folder-remover.mjs', import.meta.url), 'utf8');
