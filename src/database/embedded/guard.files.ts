import { readFileSync } from 'node:fs';

/** The text of `guard.mjs`. The build replaces this module by one that has it: build/files.inliner.mjs. */
export const GUARD_SOURCE = readFileSync(new URL('./guard.mjs', import.meta.url), 'utf8');
