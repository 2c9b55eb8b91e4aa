/**
 * Scratch: folders for what is on its way into the store. Not responsible for those that a killed process left (verify.ts).
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder of the caller's own, which removes it. Beside the objects, hence on their file system: moving a file there is a rename. */
export function makeScratch(objectFolder: string): string {
  const parent = join(dirname(objectFolder), 'scratch');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(parent, `${process.pid}-`));
}
