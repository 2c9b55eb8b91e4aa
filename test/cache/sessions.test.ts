/** Leases: who computes which key when two runs share a store, and how a run knows that it is alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../cache/digest.js';
import { Index } from '../../cache/index.js';

const [a, b, c] = ['a', 'b', 'c'].map((name) => digestOf('test/1', name)) as [string, string, string];

let folder: string;
let one: Index;
let other: Index;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cohortflow-sessions-'));
  one = new Index(join(folder, 'index.sqlite'));
  other = new Index(join(folder, 'index.sqlite'));
  expect(one.sessions.enter('run') && other.sessions.enter('run')).toBe(true);
});

afterEach(() => {
  for (const index of [one, other]) {
    index.sessions.leave();
    index.close();
  }
  rmSync(folder, { recursive: true });
});

describe('leases', () => {
  it('are held by one living run at a time, and by the same one as often as it asks', () => {
    expect(one.sessions.lease([a, b])).toEqual(new Set());
    expect(one.sessions.lease([a, b])).toEqual(new Set());
    expect(other.sessions.lease([b, c])).toEqual(new Set([b]));
    expect(one.sessions.lease([a, c])).toEqual(new Set([c]));
  });

  it('are released with the next ones, and only by who holds them', () => {
    one.sessions.lease([a, b]);
    other.sessions.lease([c], [a, b]);
    expect(other.sessions.lease([a, b])).toEqual(new Set([a, b]));
    one.sessions.lease([], [a]);
    expect(other.sessions.lease([a, b])).toEqual(new Set([b]));
  });

  it('end with their run', () => {
    one.sessions.lease([a, b]);
    one.sessions.leave();
    expect(other.sessions.lease([a, b])).toEqual(new Set());
  });
});

it('who is at work is told to everybody else, and the dead are not', () => {
  expect(one.sessions.atWork()).toEqual([{ kind: 'run', pid: process.pid }]);
  other.sessions.leave();
  expect(one.sessions.atWork()).toEqual([]);
  expect(other.sessions.atWork()).toEqual([{ kind: 'run', pid: process.pid }]);
});

it('the version of others changes with what they commit, and with nothing else', () => {
  const before = one.othersVersion;
  one.addFileDigest('file', { size: 1n, mtimeNs: 1n, ctimeNs: 1n, ino: 1n }, a);
  one.sessions.lease([a]);
  expect(one.othersVersion).toBe(before);
  expect(other.fileDigest('file', { size: 1n, mtimeNs: 1n, ctimeNs: 1n, ino: 1n })).toBe(a);
  expect(one.othersVersion).toBe(before);
  other.addFileDigest('file', { size: 2n, mtimeNs: 1n, ctimeNs: 1n, ino: 1n }, b);
  expect(one.othersVersion).not.toBe(before);
});
