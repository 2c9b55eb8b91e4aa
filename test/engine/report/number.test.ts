import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnFormat, formatP, isPName, pName } from '../../../engine/report/number.js';

/** A shown number as a number. */
function parse(text: string): number {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  const [mantissa, power] = text.replaceAll(',', '').replaceAll('−', '-').split('×10');
  if (power === undefined) return Number(mantissa);
  const exponent = power.replace('⁻', '-').replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => String(digits.indexOf(digit)));
  return Number(`${mantissa!}e${exponent}`);
}

const shown = (name: string, values: readonly number[]): string[] => values.map(columnFormat(name, values));

describe('p from log10 p', () => {
  it.each([
    [0, '1.0'],
    [Math.log10(0.032), '0.032'],
    [Math.log10(0.5), '0.50'],
    [-3, '0.0010'],
    [-3.0001, '1.0×10⁻³'],
    [Math.log10(3.2e-15), '3.2×10⁻¹⁵'],
    [-400.5, '3.2×10⁻⁴⁰¹'],
    [Math.log10(9.96e-9), '1.0×10⁻⁸'],
    [-Infinity, '0'],
  ])('%d is %s', (log10P, text) => expect(formatP(log10P)).toBe(text));

  it('is right to two digits, for any p that a double can hold', () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 0, noNaN: true }), (log10P) => {
        expect(parse(formatP(log10P)) / 10 ** log10P).toBeCloseTo(1, 1);
      }),
    );
  });

  it('knows the columns by their names', () => {
    expect(['log10p', 'log10p_real', 'hidden.log10_q', 'log10P'].map(pName)).toEqual([
      'p',
      'p_real',
      'hidden.q',
      'P',
    ]);
    expect(['log10pack', 'mlog10p', 'beta'].map(pName)).toEqual([null, null, null]);
    expect(['p', 'q_real', 'p_value', 'pval', 'fdr'].every(isPName)).toBe(true);
    expect(['pack', 'sbp', 'equal'].some(isPName)).toBe(false);
  });
});

describe('a column of numbers', () => {
  it('has one number of decimals, by its large values', () => {
    expect(shown('r2', [0.64, 0.05, 0.18])).toEqual(['0.640', '0.050', '0.180']);
    expect(shown('z', [-15.44, -2.8, 1.5, 0])).toEqual(['−15.4', '−2.8', '1.5', '0.0']);
    expect(shown('hr', [12.31, 0.954, 0.712, 1.04, 0.5])).toEqual(['12.31', '0.95', '0.71', '1.04', '0.50']);
    expect(shown('height', [166.25, 181.7])).toEqual(['166.3', '181.7']);
  });

  it('does not show as zero what is not zero', () => {
    expect(shown('beta', [0.25, 0.3, 0.41, 0.0004, 1.2e-9])).toEqual([
      '0.250',
      '0.300',
      '0.410',
      '0.0004',
      '1.20×10⁻⁹',
    ]);
  });

  it('keeps whole numbers whole, grouped unless they name something or may be years', () => {
    expect(shown('n', [288, 4605])).toEqual(['288', '4,605']);
    expect(shown('examined', [1988, 1994])).toEqual(['1988', '1994']);
    expect(shown('n', [3167, 18825, -12])).toEqual(['3,167', '18,825', '−12']);
    expect(shown('eid', [1000027, 2])).toEqual(['1000027', '2']);
  });

  it('takes what is large, infinite, constant or absent', () => {
    expect(shown('x', [1.5, 1.5, 2.5e9])).toEqual(['1.5', '1.5', '2.50×10⁹']);
    expect(shown('x', [0.5, Infinity, -Infinity])).toEqual(['0.500', '∞', '−∞']);
    expect(shown('x', [])).toEqual([]);
  });

  it('is right to the digits that it shows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), { minLength: 1 }),
        (values) => {
          const format = columnFormat('x', values);
          for (const value of values) {
            const back = parse(format(value));
            expect(Number.isNaN(back)).toBe(false);
            expect(back === 0 ? value === 0 : Math.sign(back) === Math.sign(value)).toBe(true);
            expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.max(0.05, Math.abs(value) * 0.5));
          }
        },
      ),
    );
  });
});
