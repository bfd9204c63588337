#!/usr/bin/env node
import process from 'node:process';
import { runCommandLine } from './command-line.runner.js';
import { processOutput } from './output.writer.js';

// Not process.exit(): what is on its way to a pipe still has to arrive.
process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  output: processOutput(process),
});
