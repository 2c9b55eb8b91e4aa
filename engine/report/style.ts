/**
 * The page's style sheet: quiet, readable on screen in light and dark, and made to be printed on A4 or Letter.
 *
 * Figures keep their white ground in the dark: their colours were chosen on white.
 */
import { COLUMNS_PRINTED, ROWS_PRINTED } from './table.js';

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fdfdfc; --ink: #23262a; --soft: #62676e; --rule: #dddcd8; --faint: #f4f3f0; --link: #1f5a92;
  --edge: #8d9198; --alert: #8f2f1d; --alert-ground: #fbf1ee; --paper: #fff;
  --serif: Charter, 'Bitstream Charter', 'Sitka Text', Cambria, 'Noto Serif', 'DejaVu Serif', Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', 'Noto Sans', sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #17191c; --ink: #dcdad5; --soft: #9a9fa6; --rule: #35393f; --edge: #6b7079; --faint: #1f2226; --link: #86b7e6;
    --alert: #f0a08d; --alert-ground: #2b1f1c;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1.0625rem/1.6 var(--serif); overflow-wrap: break-word; }
a { color: var(--link); text-decoration-thickness: .06em; text-underline-offset: .15em; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .3rem .6rem; z-index: 2; }
.page { max-width: 78rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
main { max-width: 56rem; min-width: 0; }
header { margin-bottom: 2rem; }
h1, h2, h3, h4, h5, h6 { font-family: var(--sans); line-height: 1.25; font-weight: 600; break-after: avoid; text-wrap: balance; }
h1 { font-size: 2.05rem; letter-spacing: -.015em; margin: 0 0 .5rem; }
h2 { font-size: 1.4rem; letter-spacing: -.008em; margin: 3.5rem 0 1rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h4, h5, h6 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p, ul, ol { margin: 0 0 1rem; }
.prose p, .prose li { max-width: 44rem; }
li { margin: .2rem 0; }
code, pre { font-family: var(--mono); font-size: .84em; }
pre { background: var(--faint); padding: .8rem 1rem; overflow: auto; max-height: 26rem; line-height: 1.45; border-radius: 3px; }
pre code { font-size: 1em; }
.about, .note, .quiet { color: var(--soft); font-family: var(--sans); }
.about { font-size: .88rem; margin: 0 0 .4rem; }
.quiet { font-size: .88em; font-weight: 400; }
.set { font: 600 .8em var(--sans); color: var(--alert); }
.banner { border-left: 3px solid var(--alert); background: var(--alert-ground); padding: .7rem 1rem; font: .95rem/1.5 var(--sans); max-width: 44rem; margin: 1.4rem 0 0; }

nav { font: .86rem/1.45 var(--sans); margin: 0 0 2.5rem; }
nav h2 { font-size: .86rem; margin: 0 0 .6rem; padding: 0; border: 0; color: var(--soft); letter-spacing: 0; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav li { margin: .3rem 0; }
nav ol ol { padding-left: .9rem; font-size: .95em; }
nav ol ol li { margin: .12rem 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
nav a { color: inherit; text-decoration: none; }
nav ol ol a { color: var(--soft); }
nav a:hover { text-decoration: underline; }
@media screen and (min-width: 70rem) {
  .page { display: grid; grid-template-columns: 14.5rem minmax(0, 1fr); column-gap: 3.5rem; }
  header, main { grid-column: 2; }
  nav { grid-column: 1; grid-row: 1 / span 2; position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 3.4rem 0; margin: -3rem 0 0; }
}

.exhibit { margin: 2.25rem 0 2.5rem; }
.drawing { background: var(--paper); overflow: auto; max-height: 88vh; border: 1px solid var(--rule); border-radius: 3px; padding: .75rem; }
.drawing:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
/* A drawing shrinks to the page; one that would shrink below .72, too small to read, keeps its size and scrolls. */
.drawing svg { width: var(--width); max-width: max(100%, min(var(--width), (.72 * var(--width) - 100%) * 9999)); height: auto; display: block; margin: 0 auto; overflow: hidden; color: #222; }
.drawing:has(.flow) { background: none; border: 0; padding: 0; max-height: none; }
.flow { fill: var(--ink); }
.flow rect { fill: var(--ground); stroke: var(--soft); }
.flow path { stroke: var(--soft); } .flow .head { fill: var(--soft); stroke: none; }
figcaption { font: .92rem/1.5 var(--sans); margin: .8rem 0 .3rem; max-width: 46rem; }
.tabular > figcaption { margin: 0 0 .7rem; break-after: avoid; }
.number { font-weight: 600; }
.panel { margin: 0 0 1.5rem; }
.item, details.panel > summary { font: 600 .9rem/1.5 var(--sans); margin: 0 0 .5rem; }
.absent { border: 1px dashed var(--alert); background: var(--alert-ground); padding: 1.4rem 1.5rem; font: .92rem/1.55 var(--sans); border-radius: 3px; }
.absent p { margin: 0; max-width: 44rem; }
.scroll { overflow: auto; max-height: 34rem; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
table { position: relative; border-collapse: collapse; font: .84rem/1.45 var(--sans); font-variant-numeric: tabular-nums lining-nums; }
/* A few columns stand together: over the whole width the eye would lose its row. */
.data { min-width: min(100%, 38rem); }
.listing { width: 100%; }
.data, .listing { border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink); }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; font-weight: 400; }
thead th { font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--ink); }
.data thead th { position: sticky; top: 0; background: var(--ground); box-shadow: inset 0 -1px var(--ink); border: 0; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
.data td { max-width: 26rem; }
.data .number { text-align: right; font-weight: 400; white-space: nowrap; padding-left: .8rem; padding-right: .4rem; }
.data thead .number { font-weight: 600; }
.data .number + :not(.number) { padding-left: 1.2rem; }
.missing { color: var(--soft); }
button { font: inherit; color: var(--link); background: none; border: 0; padding: 0; cursor: pointer; }
button:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
button:disabled { color: var(--soft); opacity: .5; cursor: default; }
th button { position: relative; color: inherit; text-align: inherit; font-weight: inherit; }
th button::after { content: '\\2195'; position: absolute; left: 100%; padding-left: .1em; opacity: 0; }
.number button::after { left: auto; right: 100%; padding: 0 .1em 0 0; }
th button:hover::after, th button:focus-visible::after { opacity: .7; }
th[aria-sort='ascending'] button::after { content: '\\2191'; opacity: 1; }
th[aria-sort='descending'] button::after { content: '\\2193'; opacity: 1; }
.tools { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem 1rem; margin: 0 0 .5rem; font: .82rem/1.5 var(--sans); color: var(--soft); }
.tools input { font: inherit; color: inherit; background: var(--faint); border: 1px solid var(--edge); border-radius: 3px; padding: .25rem .5rem; width: 14rem; max-width: 100%; }
.tools input::placeholder { color: var(--soft); opacity: 1; }
.tools .place:empty { display: none; }
.note { font-size: .82rem; margin: .5rem 0 .3rem; }
.note:empty { display: none; }
.note { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
.note > button, .zoom { white-space: nowrap; }
.zoom button { min-width: 1.6rem; text-align: center; } .zoom output { display: inline-block; min-width: 3.2em; text-align: center; font-variant-numeric: tabular-nums; }
.scripted .unscripted { display: none; }

details > summary { cursor: pointer; }
.lineage { font: .82rem/1.5 var(--sans); color: var(--soft); margin: .3rem 0 0; }
.lineage[open] { color: var(--ink); border-left: 2px solid var(--rule); padding-left: 1rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.2rem; margin: .6rem 0 1rem; font: .84rem/1.5 var(--sans); }
.tree { overflow-x: auto; max-height: 26rem; }
.tree ul { list-style: none; margin: 0; padding: 0 0 0 1.1rem; border-left: 1px solid var(--rule); }
.tree > ul { padding-left: 0; border: 0; }
.tree li { margin: .15rem 0; min-width: 12rem; }
.numbers .scroll { margin-top: .8rem; }
.more { font: .9rem/1.5 var(--sans); margin: .8rem 0; } .more > summary { margin-bottom: .5rem; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-x: auto; }
dl .inputs { list-style: none; padding: 0; margin: 0; }
.inputs li { margin: 0; }
table code, dl code { font-size: .93em; }
.pairs { font-size: 1em; }
.pairs th, .pairs td { padding: .05rem 1rem .05rem 0; }
.pairs tbody tr + tr > * { border-top: 0; }
.value summary code { overflow-wrap: anywhere; }
.node { border-top: 1px solid var(--rule); padding: .45rem 0; font-family: var(--sans); }
.node > summary { font-size: .95rem; }
.node > dl { margin-left: 1.1rem; }
.warnings { grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); font-size: .92rem; }
.warnings dt { grid-column: 1; } .warnings dd { grid-column: 2; }
.causes { list-style: none; padding: 0; font: .92rem/1.5 var(--sans); }
.causes li { border-left: 3px solid var(--alert); padding-left: 1rem; margin: 0 0 1.4rem; }
.causes p { margin: 0 0 .3rem; } .message { white-space: pre-wrap; }
:target { scroll-margin-top: 1rem; }
details:target > summary { background: var(--faint); }
.print-only { display: none; }
@media (max-width: 40rem) {
  .page { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  nav ol ol { display: none; }
  .listing thead { position: absolute; clip-path: inset(50%); }
  .listing tr, .listing th, .listing td { display: block; padding: .1rem 0; }
  .listing tr { padding: .4rem 0; } .listing tr > * { border: 0; } .listing tr + tr { border-top: 1px solid var(--rule); }
  .listing td:empty { display: none; }
  .pairs, .pairs tbody, .pairs tr, .pairs th, .pairs td { display: block; max-width: 100%; }
  .pairs tr { margin-bottom: .4rem; }
  .lineage[open] { padding-left: .6rem; }
  dl, .warnings { grid-template-columns: minmax(0, 1fr); gap: 0 0; } dd, .warnings dd { grid-column: 1; margin-bottom: .5rem; }
}
@media print {
  @page { margin: 18mm 16mm; }
  body { font-size: 10pt; background: #fff; }
  .page { padding: 0; max-width: none; } main { max-width: none; }
  h1 { font-size: 19pt; } h2 { font-size: 13.5pt; margin-top: 2rem; }
  nav ol { columns: 2; } nav ol ol { columns: 1; } nav > ol > li { break-inside: avoid; }
  .skip, .tools, .note > button, .zoom, .note > .zoom { display: none; }
  .print-only { display: inline; }
  a { color: inherit; text-decoration: none; }
  .scroll { overflow: visible; max-height: none; }
  .data thead th { position: static; box-shadow: none; border-bottom: 1px solid; }
  .data { font-size: 7.5pt; max-width: 100%; } .data td { max-width: none; } .data thead .number { white-space: normal; }
  .data th, .data td { padding-right: .4rem; } .data .number { padding-left: .3rem; }
  .note, .lineage { break-before: avoid; }
  .data tr > :nth-child(n + ${COLUMNS_PRINTED + 1}), .data tbody tr:nth-child(n + ${ROWS_PRINTED + 1}) { display: none; }
  tr, .drawing, .absent, .causes li, figcaption, .exhibit:not(.tabular), .exhibit:not(:has(tbody tr:nth-child(13))) { break-inside: avoid; }
  .exhibit > figcaption:first-child, .item, .panel > summary, .node > summary { break-after: avoid; }
  th button { display: contents; } th button::after { display: none; }
  .drawing { border: 0; padding: 0; overflow: visible; max-height: none; }
  .drawing svg { width: var(--width) !important; max-width: 100% !important; max-height: 200mm; }
  .lineage, dl { font-size: 8pt; }
  .node > dl > * { break-inside: avoid; }
  .node::details-content, .panel::details-content { content-visibility: visible; }
  details > summary { list-style: none; }
}
`;
