import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { contentDigest, contentSize, writeContent } from '../../engine/content.js';

const folder = mkdtempSync(join(tmpdir(), 'cohortflow-content-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('content', () => {
  it('is the same as bytes and as a file, and private to owner and group', () => {
    const bytes = Buffer.from('people\n'.repeat(300_000));
    writeFileSync(at('object'), bytes, { mode: 0o600 });
    const contents = [{ bytes }, { file: at('object') }];
    for (const [i, content] of contents.entries()) {
      expect(contentSize(content)).toBe(bytes.length);
      expect(contentDigest(content)).toBe(createHash('sha256').update(bytes).digest('hex'));
      writeFileSync(at(`target${i}`), 'what was there');
      writeContent(at(`target${i}`), at(`temporary${i}`), content);
      expect(readFileSync(at(`target${i}`)).equals(bytes)).toBe(true);
      expect(statSync(at(`target${i}`)).mode & 0o777).toBe(0o640);
    }
    expect(readdirSync(folder).sort()).toEqual(['object', 'target0', 'target1']);
    // A copy: an edit of it does not reach the original.
    writeFileSync(at('target1'), 'edited');
    expect(statSync(at('object')).size).toBe(bytes.length);
    expect(statSync(at('object')).mode & 0o777).toBe(0o600);
  });

  // Writes 2 GiB: with `npm run test:all` only.
  if (process.env['COHORTFLOW_TEST_ALL'])
    it('may be larger than one buffer holds (2 GiB), as genotypes are', () => {
      const size = 2 ** 31 + 1;
      writeFileSync(at('large'), 'genotypes');
      truncateSync(at('large'), size);
      expect(contentSize({ file: at('large') })).toBe(size);
      writeContent(at('copy'), at('copy.tmp'), { file: at('large') });
      expect(statSync(at('copy')).size).toBe(size);
      const expected = createHash('sha256').update('genotypes');
      const zeros = Buffer.alloc(2 ** 24);
      let left = size - 'genotypes'.length;
      for (; left > 0; left -= zeros.length) expected.update(zeros.subarray(0, Math.min(left, zeros.length)));
      expect(contentDigest({ file: at('copy') })).toBe(expected.digest('hex'));
    }, 120_000);
});
