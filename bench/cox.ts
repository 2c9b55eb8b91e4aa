/**
 * Bench `cox`: the scan of many exposures for one disease against R's coxph and coxph.fit on the same models, and what the
 * measured seconds make of 260 exposures × 184 diseases on two cores.
 */
import { prepareCoxScan } from '../stats/cox-scan.js';
import type { Measurement } from './measurement.js';
import { benchRng, FULL, median, milliseconds, peakMegabytes, runPeer, timed } from './peer.js';

const PEOPLE = FULL ? 350_555 : 50_000;
const COVARIATES = 4;
const EXPOSURES = 5;
const EVENTS = FULL ? [1_000, 5_000, 20_000] : [500, 3_000];
/** The paper's: exposures, diseases, cores. */
const [ALL_EXPOSURES, DISEASES, CORES] = [260, 184, 2];

interface RSeconds {
  readonly version: string;
  readonly coxph: number;
  readonly fit: number;
  readonly megabytes: number;
}

export function benchCox(): Measurement[] {
  return EVENTS.flatMap(measureDisease);
}

function measureDisease(events: number): Measurement[] {
  const rng = benchRng(`cox ${events}`);
  const normal = (): Float64Array => Float64Array.from({ length: PEOPLE }, () => rng.normal());
  const covariates = [
    Float64Array.from({ length: PEOPLE }, () => 40 + 30 * rng.uniform()),
    Float64Array.from({ length: PEOPLE }, () => (rng.uniform() < 0.5 ? 1 : 0)),
    ...Array.from({ length: COVARIATES - 2 }, normal),
  ];
  const exposures = Array.from({ length: EXPOSURES }, normal);
  const stop = new Float64Array(PEOPLE);
  const event = new Float64Array(PEOPLE);
  // Days of follow-up, 9 to 13 years, so that times are tied as in a registry.
  for (let i = 0; i < PEOPLE; i++) {
    const hazard =
      (events / PEOPLE / 4015) * Math.exp(0.05 * (covariates[0]![i]! - 57) + 0.05 * exposures[0]![i]!);
    const censored = 365 * (9 + 4 * rng.uniform());
    const time = -Math.log(1 - rng.uniform()) / hazard;
    event[i] = time < censored ? 1 : 0;
    stop[i] = Math.ceil(Math.min(time, censored));
  }

  const prepare = median(timed(1, () => prepareCoxScan({ stop, event }, covariates)));
  const scan = prepareCoxScan({ stop, event }, covariates);
  let next = 0;
  const fit = median(timed(2 * EXPOSURES, () => scan.fit(exposures[next++ % EXPOSURES]!)));
  const megabytes = peakMegabytes();
  const models = ALL_EXPOSURES * DISEASES;
  const all = (DISEASES * prepare + models * fit) / CORES;
  const peer = runPeer(
    'Rscript',
    'cox-peer.R',
    [stop, event, ...covariates, ...exposures],
    [PEOPLE, COVARIATES, EXPOSURES],
  ) as RSeconds | null;
  const size = `${PEOPLE} people, ${scan.events} events, ${COVARIATES} covariates + exposure`;
  const against = (theirs: number): string => `${milliseconds(theirs)}, ${(theirs / fit).toFixed(1)} × ours`;
  return [
    { what: `Cox scan, preparing a disease: ${size}`, seconds: prepare, megabytes },
    { what: `Cox scan, one exposure (median), ${milliseconds(fit)}: ${size}`, seconds: fit, megabytes },
    {
      what: `extrapolated from these two: ${models} models of ${size}, on ${CORES} cores`,
      seconds: all,
      megabytes,
    },
    ...(peer
      ? [
          {
            what: `R survival ${peer.version} coxph(), same models, ${against(peer.coxph)}`,
            seconds: peer.coxph,
            megabytes: peer.megabytes,
          },
          {
            what: `R survival ${peer.version} coxph.fit() from the covariates' fit, same models, ${against(peer.fit)}`,
            seconds: peer.fit,
            megabytes: peer.megabytes,
          },
        ]
      : []),
  ];
}
