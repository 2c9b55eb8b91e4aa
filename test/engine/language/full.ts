/** The body of a workflow for tests. Not a study. */

/** A workflow that uses everything the language has, without its first lines. */
export const FULL = `
title: Toy study
description: |
  Some *markdown*.
params:
  k: 5
  mode: { value: faithful, choices: [faithful, recommended], assumption: true, description: which way }
  data: { value: /data/people.csv, path: true }
  covariates: [age, sex]
  dof: { choose: "\${params.mode}", of: { faithful: 0, recommended: 1 } }
inputs:
  survey: { table: "\${params.data}", id: sampleID, missing: ["NA", -9], types: { race: text } }
  gwas: { file: "/data/gwas/\${idp}.tsv.gz" }
  people: { from: sim.people }
axes:
  trait: [fev, height]
  fold: { range: [1, "\${params.k}"] }
  rep: { replicate: 3 }
  idp: [{ id: a, gwas: x1 }, { id: b, gwas: x2 }]
  cause: { from: names.list }
  race: { from: survey, column: race }
nodes:
  sim: { task: sim.people, each: [] }
  names: { task: list.names }
  z:
    task: scale.zscore
    in: { table: "survey[\${params.covariates}, fev, height]" }
    with: { ddof: "\${params.dof}", columns: [fev, height] }
    label: Z-scored
  both: { task: scale.zscore, in: { table: [z.table, "people[age as age_sim]"] } }
  fit:
    task: fit.ridge
    each: [trait, fold]
    in: { table: "z[age, \${trait} as y]" }
    with: { outcome: y, alpha: 0.5 }
  refit: { task: fit.ridge, each: trait, in: { table: z }, with: { outcome: "\${trait}" } }
  all: { task: table.collect, in: { parts: "fit.metrics[*]" } }
  per_trait: { task: table.collect, each: [trait], in: { parts: "fit.metrics[fold=*?]" } }
  one: { task: table.collect, in: { parts: "fit.metrics[trait=fev, fold=*]" } }
  stack: { task: fit.stack, in: { modalities: { a: z, b: { choose: "\${params.mode}", of: { faithful: z, recommended: survey } } } } }
  per_cause: { task: scale.zscore, each: cause, in: { table: survey }, with: { columns: ["\${cause}"] } }
  per_race: { task: scale.zscore, each: race, in: { table: survey } }
  gw: { task: read.file, each: [idp], in: { file: gwas } }
  fig: { task: draw.figure, each: rep, in: { table: survey } }
publish:
  to: out
  files:
    tables/metrics.csv: all.table
    "fig/\${rep}.svg": fig.figure
    "m/\${trait}/\${fold}.json": fit.model
  report:
    file: report.html
    title: A report
    sections:
      - title: One
        text: |
          Words \${params.k}
        show: [all.table, { figure: fig, caption: Drawn }, { figure: "fig[rep=1]" }, one.table, per_trait.table, { flow: all.table, into: [one.table] }]
`;
