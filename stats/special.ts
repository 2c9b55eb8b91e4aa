/**
 * Distribution functions and the logarithms of their tails: normal, Student t, F, χ².
 *
 * Every tail has a log form that never underflows, because a biobank's p values go far below 1e-308.
 * Not responsible for: test statistics, multiple testing, random numbers.
 *
 * Accuracy against R 4.2 is asserted in test/stats/special.test.ts (relative 5e-13 or better on the logs of the tails).
 */

const LN2 = Math.LN2;
const LN10 = Math.LN10;
const LN_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);
const SQRT2 = Math.SQRT2;

// ---------------------------------------------------------------- normal

/**
 * e^{x²}·erfc(x) for x ≥ 0.75, by Laplace's continued fraction (Abramowitz & Stegun 7.1.14), evaluated backwards.
 * The number of terms that double precision needs grows as 1/x²; the constant was chosen with room at x = 0.75.
 */
function erfcxTail(x: number): number {
  if (x > 1e8) return 1 / (x * Math.sqrt(Math.PI));
  const terms = Math.ceil(10 + 220 / (x * x));
  let tail = 0;
  for (let k = terms; k >= 1; k--) tail = (0.5 * k) / (x + tail);
  return 1 / ((x + tail) * Math.sqrt(Math.PI));
}

/** erf(x) for |x| < 0.75 by Kummer's series, whose terms share one sign (A&S 7.1.6). */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
    if (Math.abs(term) < 1e-18 * Math.abs(sum)) break;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** exp(−x²/2) with the rounding error of x² carried along: at z = 37 the plain form loses three digits. */
function expMinusHalfSquare(x: number): number {
  const head = Math.round(x * 16) / 16;
  return Math.exp(-0.5 * head * head) * Math.exp(-0.5 * (x - head) * (x + head));
}

/** P(Z > z) of a standard normal; underflows to 0 beyond z ≈ 38: use `normalLogSf` there. */
export function normalSf(z: number): number {
  if (Number.isNaN(z)) return NaN;
  const x = z / SQRT2;
  if (x < -0.75) return 1 - normalSf(-z);
  if (x < 0.75) return 0.5 - 0.5 * erfSeries(x);
  return z > 39 ? 0 : 0.5 * expMinusHalfSquare(z) * erfcxTail(x);
}

/** P(Z ≤ z) of a standard normal. */
export function normalCdf(z: number): number {
  return normalSf(-z);
}

/** log P(Z > z), natural logarithm, finite for every finite z. */
export function normalLogSf(z: number): number {
  if (Number.isNaN(z)) return NaN;
  const x = z / SQRT2;
  if (x < -0.75) return Math.log1p(-normalSf(-z));
  if (x < 0.75) return Math.log(normalSf(z));
  if (x === Infinity) return -Infinity;
  return -0.5 * z * z - LN2 + Math.log(erfcxTail(x));
}

/** Density of a standard normal. */
export function normalPdf(z: number): number {
  return Math.exp(-0.5 * z * z - LN_SQRT_2PI);
}

/**
 * z with P(Z ≤ z) = p. Halley's iteration on log P from the tail's asymptotic start; −∞ at 0, ∞ at 1, NaN outside.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (p === 0.5) return 0;
  const upper = p > 0.5;
  // 1 − p is exact for p in [½, 1] (Sterbenz), so the upper half is the lower one mirrored without loss.
  const q = upper ? 1 - p : p;
  if (q > 0.25) {
    // Near the median the log of the tail has no relative precision left for a small z: solve on erf instead.
    const target = 0.5 - q;
    let z = target * Math.sqrt(2 * Math.PI);
    for (let i = 0; i < 6; i++) z -= (0.5 * erfSeries(z / SQRT2) - target) / normalPdf(z);
    return upper ? z : -z;
  }
  const logQ = Math.log(q);
  const t = Math.sqrt(-2 * logQ);
  let x = Math.max(0, t - (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t)));
  for (let i = 0; i < 8; i++) {
    const logSf = normalLogSf(x);
    const hazard = Math.exp(-0.5 * x * x - LN_SQRT_2PI - logSf);
    const excess = logSf - logQ;
    // f = log SF − log q, f' = −h, f'' = −h(h − x)
    const step = (2 * excess * -hazard) / (2 * hazard * hazard - excess * -hazard * (hazard - x));
    x -= step;
    if (Math.abs(step) < 1e-16 * Math.max(1, x)) break;
  }
  return upper ? x : -x;
}

/**
 * log10 of the two-sided p of a z statistic: (log 2 + log SF|z|)/ln 10. Never underflows (z = 40 → −349.136).
 */
export function log10PFromZ(z: number): number {
  if (z === 0) return 0;
  return (LN2 + normalLogSf(Math.abs(z))) / LN10;
}

// ---------------------------------------------------------------- gamma and beta

/** log Γ(x) − [(x − ½) log x − x + ½ log 2π], for x ≥ 10 (Stirling's series). */
function stirlingCorrection(x: number): number {
  const r = 1 / (x * x);
  return (
    (1 / 12 -
      r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * (691 / 360360 - r / 156)))))) /
    x
  );
}

/** log Γ(x) for x > 0; NaN otherwise. */
export function logGamma(x: number): number {
  if (!(x > 0)) return NaN;
  if (x === Infinity) return Infinity;
  if (x === 1 || x === 2) return 0;
  let shift = 1;
  let y = x;
  while (y < 10) {
    shift *= y;
    y += 1;
  }
  return (y - 0.5) * Math.log(y) - y + LN_SQRT_2PI + stirlingCorrection(y) - Math.log(shift);
}

/**
 * log B(a, b), for a, b > 0. For a large argument the two huge log Γ are subtracted analytically: at 350,000 degrees of
 * freedom the naive difference would keep only nine digits.
 */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < 10) return logGamma(a) + logGamma(b) - logGamma(a + b);
  const sum = a + b;
  const correction = stirlingCorrection(large) - stirlingCorrection(sum);
  if (small < 10) {
    return (
      logGamma(small) + small - (large - 0.5) * Math.log1p(small / large) - small * Math.log(sum) + correction
    );
  }
  return (
    LN_SQRT_2PI -
    0.5 * Math.log(small) +
    stirlingCorrection(small) +
    correction -
    (large - 0.5) * Math.log1p(small / large) +
    small * Math.log(small / sum)
  );
}

/** Lentz's evaluation of the continued fraction of I_x(a, b) (A&S 26.5.8); converges fast for x < (a+1)/(a+b+2). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let h = d;
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    c = 1 + even / c;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    if (Math.abs(c) < tiny) c = tiny;
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    c = 1 + odd / c;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    if (Math.abs(c) < tiny) c = tiny;
    const change = d * c;
    h *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return h;
}

/**
 * log I_x(a, b), the log of the regularised incomplete beta function. The odds r = (1 − x)/x are given rather than x, so
 * that neither x near 0 nor x near 1 loses digits.
 */
function logIncompleteBeta(odds: number, a: number, b: number): number {
  if (odds === Infinity) return -Infinity;
  if (odds === 0) return 0;
  const x = 1 / (1 + odds);
  const y = odds / (1 + odds);
  const logX = odds < 1 ? -Math.log1p(odds) : -Math.log(odds) - Math.log1p(1 / odds);
  const logY = odds < 1 ? Math.log(odds) - Math.log1p(odds) : -Math.log1p(1 / odds);
  const logFront = a * logX + b * logY - logBeta(a, b);
  if (x < (a + 1) / (a + b + 2)) return logFront - Math.log(a) + Math.log(betaFraction(x, a, b));
  const complement = Math.exp(logFront - Math.log(b)) * betaFraction(y, b, a);
  return complement >= 1 ? -Infinity : Math.log1p(-complement);
}

// ---------------------------------------------------------------- Student t, F, χ²

/** log of the two-sided p of a t statistic with `df` > 0 degrees of freedom (df = ∞: the normal). Natural logarithm. */
export function studentLogTwoSidedP(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0)) return NaN;
  if (t === 0) return 0;
  const size = Math.abs(t);
  if (df === Infinity) return LN2 + normalLogSf(size);
  return logIncompleteBeta((size / df) * size, df / 2, 0.5);
}

/** Two-sided p of a t statistic. */
export function studentTwoSidedP(t: number, df: number): number {
  return Math.exp(studentLogTwoSidedP(t, df));
}

/** log10 of the two-sided p of a t statistic; never underflows. */
export function log10PFromT(t: number, df: number): number {
  return studentLogTwoSidedP(t, df) / LN10;
}

/** P(T ≤ t). */
export function studentCdf(t: number, df: number): number {
  const half = 0.5 * studentTwoSidedP(t, df);
  return t > 0 ? 1 - half : half;
}

/** t with P(T ≤ t) = p, by Newton's iteration on the log of the tail; NaN for p outside [0, 1]. */
export function studentQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return NaN;
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  if (p === 0.5) return 0;
  const tail = p > 0.5 ? 1 - p : p;
  const logTwoTails = LN2 + Math.log(tail);
  const logDensityFront = -0.5 * Math.log(df) - logBeta(df / 2, 0.5);
  // The search is on s = log t, where the log tail is concave and close to a line for heavy tails.
  let s = Math.log(Math.max(1e-3, -normalQuantile(tail)));
  for (let i = 0; i < 100; i++) {
    const t = Math.exp(s);
    const logP = studentLogTwoSidedP(t, df);
    const logDensity = logDensityFront - 0.5 * (df + 1) * Math.log1p((t * t) / df);
    const slope = -Math.exp(LN2 + logDensity + s - logP);
    const step = Math.max(-3, Math.min(3, (logP - logTwoTails) / slope));
    s -= step;
    if (Math.abs(step) < 1e-15) break;
  }
  return p > 0.5 ? Math.exp(s) : -Math.exp(s);
}

/** log P(F > f) of an F distribution; natural logarithm. */
export function fLogSf(f: number, df1: number, df2: number): number {
  if (Number.isNaN(f) || !(df1 > 0) || !(df2 > 0)) return NaN;
  if (f <= 0) return 0;
  return logIncompleteBeta((df1 / df2) * f, df2 / 2, df1 / 2);
}

/** log P(X > x) of a χ² with `df` degrees of freedom; natural logarithm. */
export function chi2LogSf(x: number, df: number): number {
  if (Number.isNaN(x) || !(df > 0)) return NaN;
  if (x <= 0) return 0;
  if (x === Infinity) return -Infinity;
  if (df === 1) return LN2 + normalLogSf(Math.sqrt(x));
  const a = df / 2;
  const half = x / 2;
  const logFront = a * Math.log(half) - half - logGamma(a);
  if (half < a + 1) {
    // P(a, x) by its series (A&S 6.5.29)
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 100_000 && term > 1e-17 * sum; n++) {
      term *= half / (a + n);
      sum += term;
    }
    return Math.log1p(-Math.exp(logFront) * sum);
  }
  // Q(a, x) by Lentz's continued fraction (A&S 6.5.31)
  let b = half + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 100_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return logFront + Math.log(h);
}

/** log10 P(X > x) of a χ²; never underflows. */
export function log10PFromChi2(x: number, df: number): number {
  return chi2LogSf(x, df) / LN10;
}
