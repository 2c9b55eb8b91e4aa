#!/usr/bin/env node
/** The `cohortflow` command: the process around the program. Not responsible for what it does (program.ts). */
import { runProgram } from './program.js';

// A reader that has seen enough (`| head`) closes the pipe: the rest is not written, the work goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const code = await runProgram(process.argv.slice(2), { out: process.stdout, err: process.stderr });
// What is written must have left before the end; hashing or reading that an interrupt left behind must not delay it.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
process.exit(code);
