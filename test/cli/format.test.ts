import { describe, expect, it } from 'vitest';
import {
  bytes,
  clock,
  count,
  counted,
  duration,
  instance,
  listed,
  nearPath,
  shellWord,
  time,
} from '../../cli/format.js';
import { layout } from '../../cli/layout.js';
import { fit, paintFor, PLAIN, visible, widthOf } from '../../cli/terminal.js';
import { parseCount, parseSize } from '../../cli/verb.js';

describe('numbers for people', () => {
  it('counts', () => {
    expect([0, 999, 1000, 47_840, 1_234_567].map(count)).toEqual([
      '0',
      '999',
      '1,000',
      '47,840',
      '1,234,567',
    ]);
    expect([counted(1, 'axis', 'axes'), counted(2, 'axis', 'axes'), counted(1000, 'node')]).toEqual([
      '1 axis',
      '2 axes',
      '1,000 nodes',
    ]);
  });

  it('durations round to what matters', () => {
    const found = [0, 0.0123, 0.9994, 0.9996, 9.94, 9.96, 59.4, 59.6, 245, 3599.4, 7620, 3_600_000].map(
      duration,
    );
    expect(found).toEqual([
      '0 ms',
      '12 ms',
      '999 ms',
      '1.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 00 s',
      '4 min 05 s',
      '59 min 59 s',
      '2 h 07 min',
      '1,000 h 00 min',
    ]);
    expect([0, 12.9, 71, 3850].map(clock)).toEqual(['0:00', '0:12', '1:11', '1:04:10']);
  });

  it('sizes and times', () => {
    expect([0, 1023, 1024, 4.2 * 1024 ** 2, 3 * 1024 ** 4].map(bytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '4.2 MiB',
      '3.0 TiB',
    ]);
    expect(time(new Date(2026, 0, 5, 9, 3).getTime())).toBe('2026-01-05 09:03');
  });
});

describe('names for people', () => {
  it('instances, lists, paths', () => {
    expect([instance('knn', ''), instance('cox', 'CVD, fev')]).toEqual(['knn', 'cox[CVD, fev]']);
    expect(listed(['a', 'b'])).toBe('a, b');
    expect(listed(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
    expect([
      nearPath('/work/a/b', '/work'),
      nearPath('/else/b', '/work'),
      nearPath('/work', '/work'),
    ]).toEqual(['a/b', '/else/b', '/work']);
  });

  it('shell words that can be pasted', () => {
    expect(['params.k=7', 'results/a b.yaml', "it's", ''].map(shellWord)).toEqual([
      'params.k=7',
      "'results/a b.yaml'",
      "'it'\\''s'",
      "''",
    ]);
  });
});

describe('options', () => {
  it('counts and sizes', () => {
    expect(parseCount('8', '--workers')).toBe(8);
    expect(['512M', '8G', '1.5 GiB', '2gb', '1048576'].map((text) => parseSize(text, '--memory'))).toEqual([
      512 * 2 ** 20,
      8 * 2 ** 30,
      1.5 * 2 ** 30,
      2 * 2 ** 30,
      2 ** 20,
    ]);
  });

  it.each(['0', '-1', '1.5', 'many', '9999', ''])('--workers %j is refused', (text) => {
    expect(() => parseCount(text, '--workers')).toThrow(
      `--workers: expected a whole number from 1 to 4096, got '${text}'`,
    );
  });

  it.each(['0', '8X', 'G', '12', '-4G', ''])('--memory %j is refused', (text) => {
    expect(() => parseSize(text, '--memory')).toThrow(
      `--memory: expected a size of at least 1M, such as 8G or 512M, got '${text}'`,
    );
  });
});

describe('text on a terminal', () => {
  const colour = paintFor(true);

  it('columns line up, colours apart; the last is not padded', () => {
    const rows = [
      ['knn', colour.green('1 ran'), '9'],
      ['outcome', 'x', '10'],
    ];
    expect(layout(rows, { right: [2], indent: '  ' }).map(visible)).toEqual([
      `  knn      ${colour.green('1 ran')}   9`,
      '  outcome  x      10',
    ]);
    expect(
      layout([
        ['a', ''],
        ['bb', ''],
      ]),
    ).toEqual(['a', 'bb']);
  });

  it('control characters of data do not reach it; our colours do', () => {
    expect(visible('a\u001b[2Jb\u0007\tc\u202e')).toBe('a\ufffd[2Jb\ufffd  c\ufffd');
    expect(visible(colour.red('x'))).toBe('\u001b[31mx\u001b[39m');
    expect(PLAIN.red('x')).toBe('x');
  });

  it('widths count characters', () => {
    expect(widthOf(colour.bold('héllo'))).toBe(5);
    expect([fit('short', 10), fit('much too long', 6)]).toEqual(['short', 'much …']);
  });
});
