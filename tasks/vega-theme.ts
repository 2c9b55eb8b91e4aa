/**
 * The house theme of figures, as a Vega-Lite `config`: legible in print, colour-blind-safe. A specification's own `config`
 * wins over it.
 */
import type { Json } from '../engine/task.js';

/** Okabe and Ito's palette, distinguishable under the common colour-vision deficiencies; black last. */
export const PALETTE: readonly string[] = [
  '#0072B2',
  '#D55E00',
  '#009E73',
  '#CC79A7',
  '#E69F00',
  '#56B4E9',
  '#8C8C8C',
  '#000000',
];

// Names only: nothing is embedded or fetched. The first that the reader's system has is used.
const FONT = 'Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif';
const INK = '#222222';
const GRID = '#E4E4E4';

export const THEME: { readonly [key: string]: Json } = {
  background: '#FFFFFF',
  font: FONT,
  padding: 8,
  view: { stroke: null, continuousWidth: 360, continuousHeight: 260 },
  axis: {
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    domainColor: '#888888',
    tickColor: '#888888',
    gridColor: GRID,
    labelLimit: 240,
    titlePadding: 8,
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    labelLimit: 260,
  },
  header: { labelFontSize: 13, titleFontSize: 13, labelColor: INK, titleColor: INK },
  title: {
    fontSize: 15,
    fontWeight: 'bold',
    color: INK,
    anchor: 'start',
    offset: 10,
    subtitleFontSize: 12,
    subtitleColor: '#555555',
  },
  range: {
    category: PALETTE,
    ordinal: { scheme: 'viridis' },
    ramp: { scheme: 'viridis' },
    heatmap: { scheme: 'viridis' },
    diverging: { scheme: 'blueorange' },
  },
  point: { size: 60, filled: true, opacity: 1 },
  bar: { color: '#0072B2' },
  rule: { color: '#555555' },
  errorbar: { ticks: false },
};
