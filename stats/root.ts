/**
 * One root of a continuous function between two points of opposite sign. Not responsible for finding the bracket.
 */

/**
 * x in [low, high] with f(x) = 0, to the last bits: Brent's method (Algorithms for Minimization without Derivatives, 1973,
 * ch. 4). Where the signs do not differ (a flat minimum, where rounding decides) the end with the smaller |f| is returned.
 */
export function bracketedRoot(f: (x: number) => number, low: number, high: number): number {
  // b is the best point so far, [b, c] the bracket, a the point before b.
  let a = low;
  let b = high;
  let fa = f(a);
  let fb = f(b);
  if (fa > 0 === fb > 0) return Math.abs(fa) < Math.abs(fb) ? a : b;
  let c = a;
  let fc = fa;
  let step = b - a;
  let before = step;
  for (let i = 0; i < 200; i++) {
    if (Math.abs(fc) < Math.abs(fb)) {
      [a, b, c] = [b, c, b];
      [fa, fb, fc] = [fb, fc, fb];
    }
    const smallest = 2 * Number.EPSILON * Math.abs(b);
    const half = (c - b) / 2;
    if (Math.abs(half) <= smallest || fb === 0) return b;
    let interpolated = NaN;
    if (Math.abs(before) >= smallest && Math.abs(fa) > Math.abs(fb)) {
      const s = fb / fa;
      if (a === c) interpolated = (2 * half * s) / (s - 1);
      else {
        // Inverse quadratic interpolation through the three points.
        const q = fa / fc;
        const r = fb / fc;
        interpolated = (-s * (2 * half * q * (q - r) - (b - a) * (r - 1))) / ((q - 1) * (r - 1) * (s - 1));
      }
    }
    const inside =
      interpolated / half > 0 && interpolated / half < 1.5 && Math.abs(interpolated) < Math.abs(before) / 2;
    before = inside ? step : half;
    step = inside ? interpolated : half;
    a = b;
    fa = fb;
    b += Math.abs(step) > smallest ? step : Math.sign(half) * smallest;
    fb = f(b);
    if (fb > 0 === fc > 0) {
      c = a;
      fc = fa;
      step = b - a;
      before = step;
    }
  }
  return b;
}
