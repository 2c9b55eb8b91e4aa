/** Measurement: one line of a benchmark's result. */
export interface Measurement {
  readonly what: string;
  /** Wall-clock seconds of the whole process; the median where it was repeated. */
  readonly seconds: number;
  /** Peak resident memory of the process. */
  readonly megabytes: number;
}
