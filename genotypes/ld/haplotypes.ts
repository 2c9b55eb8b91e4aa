/**
 * r² between two variants from maximum-likelihood haplotype frequencies, in closed form.
 * Not responsible for: counting calls (`ldtable.ts`), or correlation of genotypes, which is another r² (`prune.ts`).
 *
 * With two variants the phase is known but for people heterozygous at both. Let K be half their share of all haplotypes
 * and x the frequency of 1-1 haplotypes among them; the likelihood's stationary points solve
 *   x³ + ½(f11+f22−f12−f21−3K)x² + ½(f11f22+f12f21+K(f12+f21−f11−f22+K))x − ½K·f11·f22 = 0
 * over [0, K], f the frequencies of known haplotypes. This is what the EM algorithm converges to, and what PLINK 1.9
 * solves for `--clump`.
 */

/** PLINK 1.9's tolerances. */
const SMALL = 2 ** -44;
const SMALLISH = 2 ** -35;

/** Known haplotypes (two a person) by allele at the first and at the second variant, and people heterozygous at both. */
export interface HaplotypeCounts {
  n11: number;
  n12: number;
  n21: number;
  n22: number;
  doubleHets: number;
}

/** Room for rounding in `mayExceed`; far above it, far below any threshold of use. */
const ROUNDING = 1e-9;

/**
 * False when r² cannot exceed `threshold` whatever the phase of the double heterozygotes: D lies between its values with
 * none and with all of them as 1-1/2-2. A few multiplications that spare nearly every pair the cubic equation.
 */
export function mayExceed(counts: HaplotypeCounts, threshold: number): boolean {
  const { n11, n12, n21, n22, doubleHets } = counts;
  const total = n11 + n12 + n21 + n22 + 2 * doubleHets;
  // All scaled by total²: D, and p1 q1 p2 q2 by total⁴.
  const a = n11 + n12 + doubleHets;
  const b = n11 + n21 + doubleHets;
  const least = n11 * total - a * b;
  const most = least + doubleHets * total;
  const largest = Math.max(least * least, most * most);
  return largest > (threshold - ROUNDING) * a * (total - a) * b * (total - b);
}

/** What is known of two variants before their missing calls are compared: each one's ALT copies and calls, among `people`. */
export interface MarginalCounts {
  readonly people: number;
  readonly alt1: number;
  readonly called1: number;
  readonly alt2: number;
  readonly called2: number;
  /** Among people called at both. */
  readonly n11: number;
  readonly doubleHets: number;
}

/** `mayExceed` for whichever people the missing calls belong to: the bounds of each count give a bound of r². */
export function mayExceedWithMissing(counts: MarginalCounts, threshold: number): boolean {
  const { people, alt1, called1, alt2, called2, n11, doubleHets } = counts;
  const [missing1, missing2] = [people - called1, people - called2];
  const leastTotal = 2 * (people - missing1 - missing2);
  const mostTotal = 2 * Math.min(called1, called2);
  const leastA = Math.max(n11 + doubleHets, alt1 - 2 * missing2);
  const leastB = Math.max(n11 + doubleHets, alt2 - 2 * missing1);
  if (alt1 >= leastTotal || alt2 >= leastTotal) return true;
  // D · total² lies between these, and a(total − a), concave in a, is least at an end.
  const low = n11 * leastTotal - alt1 * alt2;
  const high = (n11 + doubleHets) * mostTotal - leastA * leastB;
  const varies1 = Math.min(leastA * (leastTotal - leastA), alt1 * (leastTotal - alt1));
  const varies2 = Math.min(leastB * (leastTotal - leastB), alt2 * (leastTotal - alt2));
  return Math.max(low * low, high * high) > (threshold - ROUNDING) * varies1 * varies2;
}

/** Real roots of x³ + ax² + bx + c in ascending order, a multiple root once; `roots` has room for three. */
export function cubicRoots(a: number, b: number, c: number, roots: Float64Array): number {
  // Reciprocals and pow rather than division and cbrt, for the same last bit as PLINK.
  const q = (a * a - 3 * b) * (1 / 9);
  const r = (2 * (a * a) * a - 9 * a * b + 27 * c) * (1 / 54);
  const shift = a * (1 / 3);
  if (r * r < q * q * q) {
    const scale = -2 * Math.sqrt(q);
    const angle = Math.acos(r / (q * Math.sqrt(q))) * (1 / 3);
    // acos is in [0, π], so the angle is in [0, π/3] and these three ascend.
    roots[0] = scale * Math.cos(angle) - shift;
    roots[1] = scale * Math.cos(angle - (2 * Math.PI) / 3) - shift;
    roots[2] = scale * Math.cos(angle + (2 * Math.PI) / 3) - shift;
    // Roots that rounding cannot tell apart count once.
    let count = 1;
    for (let i = 1; i < 3; i++) if (roots[i]! - roots[count - 1]! >= SMALL) roots[count++] = roots[i]!;
    return count;
  }
  const magnitude = (Math.abs(r) + Math.sqrt(r * r - q * q * q)) ** (1 / 3);
  const s = r < 0 ? magnitude : -magnitude;
  if (s === 0) {
    roots[0] = -shift;
    return 1;
  }
  const t = q / s;
  roots[0] = s + t - shift;
  if (Math.abs(s - t) >= 8 * SMALL * Math.abs(s)) return 1;
  // r² = q³: the other two coincide.
  const double = -s - shift;
  if (double === roots[0]) return 1;
  roots[1] = Math.max(double, roots[0]);
  roots[0] = Math.min(double, roots[0]);
  return 2;
}

const roots = new Float64Array(3);

/** Fills `roots` with the candidate values of x in [0, K]; answers [first, end). */
function candidates(f11: number, f12: number, f21: number, f22: number, K: number): [number, number] {
  const p = f11 * f22;
  const q = f12 * f21;
  if (p === 0 && q === 0) {
    // x = 0 and x = K are roots of their own; the third lies between them or not.
    roots[0] = 0;
    if (f22 + SMALLISH < K + f21 && f21 + SMALLISH < K + f22) {
      roots[1] = (K + f21 - f22) / 2;
      roots[2] = K;
      return [0, 3];
    }
    roots[1] = K;
    return [0, 2];
  }
  let end = cubicRoots(
    0.5 * (f11 + f22 - f12 - f21 - 3 * K),
    0.5 * (p + q + K * (f12 + f21 - f11 - f22 + K)),
    -0.5 * K * p,
    roots,
  );
  let first = 0;
  while (end > 0 && roots[end - 1]! > K + SMALLISH) end--;
  while (first < end && roots[first]! < -SMALLISH) first++;
  if (first === end) {
    // The root was a double one at a border, lost to rounding.
    roots[0] = 0;
    roots[1] = K;
    return [0, 2];
  }
  if (roots[first]! < 0) roots[first] = 0;
  if (roots[end - 1]! > K) roots[end - 1] = K;
  return [first, end];
}

/**
 * Signed r² = sign(D)·D²/(p1 q1 p2 q2); NaN when either variant does not vary among the people counted, or nobody is.
 * The sign is that of the association of allele 1 with allele 1.
 */
export function haplotypeR2(counts: HaplotypeCounts): number {
  const { n11, n12, n21, n22, doubleHets } = counts;
  const total = n11 + n12 + n21 + n22 + 2 * doubleHets;
  if (total === 0) return NaN;
  // The order of operations is PLINK's: small panels meet thresholds such as 0.1 exactly, where rounding decides.
  const share = 1 / total;
  const f11 = n11 * share;
  const f12 = n12 * share;
  const f21 = n21 * share;
  const f22 = n22 * share;
  const K = doubleHets * share;
  if (K === 0 && f11 * f22 === 0 && f12 * f21 === 0) return NaN;
  let x = 0;
  if (K > 0) {
    const [first, end] = candidates(f11, f12, f21, f22, K);
    x = roots[first]!;
    if (end > first + 1) {
      const logLikelihood = (v: number): number => {
        const [g11, g22, g12, g21] = [f11 + v, f22 + v, f12 + K - v, f21 + K - v];
        let sum = doubleHets * Math.log(g11 * g22 + g12 * g21);
        if (n11 !== 0) sum += n11 * Math.log(g11);
        if (n12 !== 0) sum += n12 * Math.log(g12);
        if (n21 !== 0) sum += n21 * Math.log(g21);
        if (n22 !== 0) sum += n22 * Math.log(g22);
        return sum;
      };
      let best = logLikelihood(x);
      for (let i = first + 1; i < end; i++) {
        const here = logLikelihood(roots[i]!);
        if (here > best) {
          best = here;
          x = roots[i]!;
        }
      }
    }
  }
  const p1 = f11 + f12 + K;
  const p2 = f11 + f21 + K;
  const expected = p2 * p1;
  const D = f11 + x - expected;
  // Below this PLINK calls it no association at all.
  if (Math.abs(D) < SMALL) return 0;
  return (Math.abs(D) * D) / (expected * (1 - p1) * (1 - p2));
}
