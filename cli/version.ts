/** The version of this package. */
import { readFileSync } from 'node:fs';

/** From package.json, which lies above the sources and above `dist`. */
export function packageVersion(): string {
  for (const above of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(above, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
