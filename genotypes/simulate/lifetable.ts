/**
 * Proportional hazards that grow exponentially with age (Gompertz): h(a) = base · e^{θ(a − AGE_MEAN) + η}. With time since any
 * assessment as the time scale and age then as a covariate they are exactly Cox's, with log hazard ratio θ per year.
 * Not responsible for η.
 */
import { AGE_MEAN } from './person.js';

/** Per year; a slower growth is none, and would be lost in rounding. */
const NO_GROWTH = 1e-9;

/** ∫ e^{θ(a − AGE_MEAN)} da between two ages. */
export function exposure(theta: number, from: number, to: number): number {
  if (Math.abs(theta) < NO_GROWTH) return to - from;
  return (Math.exp(theta * (from - AGE_MEAN)) * Math.expm1(theta * (to - from))) / theta;
}

/**
 * The age of the event of someone at risk from age `from` on, given a standard exponential variable; Infinity for never.
 * `rate` is base · e^η.
 */
export function eventAge(theta: number, rate: number, from: number, exponential: number): number {
  if (!(rate > 0)) return Infinity;
  const needed = exponential / rate;
  if (Math.abs(theta) < NO_GROWTH) return from + needed;
  const inside = theta * needed * Math.exp(-theta * (from - AGE_MEAN));
  return inside > -1 ? from + Math.log1p(inside) / theta : Infinity;
}

/**
 * The base hazard at which the mean risk between two ages, among people who are free of the disease at the first, is `risk`.
 * People are given by e^η and the two ages; at risk from age `start` on. Bisection on the logarithm.
 */
export function solveBase(
  people: readonly { readonly ratio: number; readonly from: number; readonly to: number }[],
  theta: number,
  start: number,
  risk: number,
): number {
  if (people.length === 0 || risk <= 0) return 0;
  const before = people.map(({ from }) => exposure(theta, start, from));
  const during = people.map(({ from, to }) => exposure(theta, from, to));
  const meanRisk = (base: number): number => {
    let free = 0;
    let events = 0;
    people.forEach(({ ratio }, i) => {
      const survival = Math.exp(-base * ratio * before[i]!);
      free += survival;
      events += survival * (1 - Math.exp(-base * ratio * during[i]!));
    });
    return events / free;
  };
  let low = Math.log(1e-12);
  let high = 0;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (meanRisk(Math.exp(middle)) < risk) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
