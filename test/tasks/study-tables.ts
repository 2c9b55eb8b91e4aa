/**
 * Invented tables of a whole study, in the columns that its figures take, at any size. The numbers have the shape of a study's
 * (cardiac above brain, more found with the imputed, some p far beyond what a double holds), and mean nothing.
 */
import { numberColumn, textColumn, type Column } from '../../cache/column.js';
import { plainTable, type Table } from '../../cache/table.js';

export interface StudySize {
  /** IDPs of T1, SWI and the heart. */
  readonly idps: readonly [number, number, number];
  readonly diseases: number;
  /** At most 14. */
  readonly categories: number;
  readonly people: { readonly real: number; readonly imputed: number };
}

/** The published study's. */
export const PAPER_SIZE: StudySize = {
  idps: [164, 14, 82],
  diseases: 184,
  categories: 14,
  people: { real: 28_615, imputed: 350_555 },
};
export const DEMO_SIZE: StudySize = {
  idps: [16, 2, 8],
  diseases: 48,
  categories: 6,
  people: { real: 3000, imputed: 30_000 },
};

const CATEGORIES = [
  'circulatory system',
  'endocrine/metabolic',
  'respiratory',
  'genitourinary',
  'digestive',
  'musculoskeletal',
  'neoplasms',
  'neurological',
  'mental disorders',
  'sense organs',
  'dermatologic',
  'hematopoietic',
  'infectious diseases',
  'injuries & poisonings',
];
const GROUPS = ['T1', 'SWI', 'cardiac'] as const;
const METRICS = ['auc', 'accuracy', 'specificity', 'recall', 'auprc', 'brier'] as const;

type Row = Readonly<Record<string, string | number | null>>;

/** Park and Miller's generator, and normals by twelve uniforms: repeatable, and good enough for a picture. */
function source(seed: number): { uniform: () => number; normal: () => number } {
  let state = seed;
  const uniform = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
  const normal = (): number => Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, -6);
  return { uniform, normal };
}

/** The tables by the references to them in the study. */
export function studyTables(size: StudySize): Record<string, Table> {
  const { uniform, normal } = source(20260101);
  const idps = GROUPS.flatMap((group, g) =>
    Array.from({ length: size.idps[g]! }, (_, i) => ({
      idp: `${group.toLowerCase()}_${i + 1}`,
      group,
      name:
        group === 'cardiac' ? `Left ventricular measure ${i + 1}` : `Volume of region ${i + 1} (${group})`,
      loading: normal(),
    })),
  );
  const diseases = Array.from({ length: size.diseases }, (_, d) => {
    // Early categories have more diseases, and stronger links.
    const c = Math.floor(size.categories * (d / size.diseases) ** 1.3);
    return {
      disease: `d${d + 1}`,
      disease_name: `Disease of the ${CATEGORIES[c]!.split(/[ /]/)[0]!} no. ${d + 1}`,
      category: CATEGORIES[c]!,
      strength: 1.6 - (1.3 * c) / size.categories,
      liability: normal(),
      events: {
        real: Math.round(50 + 900 * uniform() ** 4),
        imputed: Math.round(1500 + 30_000 * uniform() ** 4),
      },
    };
  });

  const accuracy = idps.flatMap(({ idp, group, name }) => {
    const heart = group === 'cardiac' ? 0.15 : 0;
    const snp = Math.max(-0.02, 0.06 + 0.05 * normal());
    const blood = 0.1 + heart + 0.07 * normal();
    const demography = blood * (0.5 + 0.4 * uniform());
    const of = (configuration: string, r2: number): Row => ({
      idp,
      configuration,
      folds: 5,
      n: size.people.real,
      r2,
      r2_pearson: Math.max(r2, 0) + 0.005,
      rho: Math.sqrt(Math.max(r2, 0)) * 0.97 + 0.01 * normal(),
      sd_ratio: Math.sqrt(Math.max(r2, 0) + 0.01) * (1 + 0.05 * normal()),
      group,
      name,
    });
    return [
      of('snp', snp),
      of('blood', blood),
      of('integrated', snp + blood + 0.02),
      of('covariates', demography),
      of('with_covariates', demography + 0.6 * (snp + blood)),
    ];
  });

  const associations = (arm: 'real' | 'imputed'): Row[] => {
    const rows = diseases.flatMap((disease) =>
      idps.map((idp) => {
        const heart = idp.group === 'cardiac' ? 1.5 : 0.7;
        const link = (0.12 * normal() + 0.25 * idp.loading * disease.liability) * disease.strength * heart;
        const events = disease.events[arm];
        const failed = arm === 'real' && uniform() < 0.002;
        const se = 1 / Math.sqrt(events);
        const z = link / se / (arm === 'real' ? 1.4 : 2.2) + normal();
        // ln p of a two-sided test far in the tail.
        const log10p = failed ? null : Math.min(0, (-z * z) / 2 / Math.LN10 - Math.log10(1 + Math.abs(z)));
        return {
          disease: disease.disease,
          idp: idp.idp,
          beta: failed ? null : z * se,
          se: failed ? null : se,
          z: failed ? null : z,
          log10p,
          n: size.people[arm],
          events,
          status: failed ? 'not converged' : 'ok',
          category: disease.category,
          disease_name: disease.disease_name,
          group: idp.group,
          idp_name: idp.name,
        };
      }),
    );
    const order = rows.filter((row) => row.log10p !== null).sort((a, b) => b.log10p! - a.log10p!);
    const log10q = new Map<Row, number>();
    let least = 0;
    order.forEach((row, i) => {
      least = Math.min(least, row.log10p! + Math.log10(order.length / (order.length - i)));
      log10q.set(row, least);
    });
    return rows.map((row) => {
      const value = log10q.get(row) ?? null;
      return { ...row, log10q: value, q: value === null ? null : 10 ** value };
    });
  };
  const real = associations('real');
  const imputed = associations('imputed');

  const named = [...new Set(diseases.map(({ category }) => category))].sort();
  const categories = named.map((category): Row => {
    const count = diseases.filter((disease) => disease.category === category).length;
    const mean = (rows: readonly Row[]): number =>
      rows.filter((row) => row['category'] === category && row['q'] !== null && Number(row['q']) <= 0.05)
        .length / count;
    return { category, diseases: count, real: mean(real), imputed: mean(imputed) };
  });

  const prediction = diseases.map(({ disease, category, strength }) => {
    const base = 0.53 + 0.07 * strength + 0.04 * normal();
    const scores = (auc: number) => ({
      auc,
      accuracy: auc - 0.02 + 0.03 * normal(),
      specificity: auc - 0.02 + 0.03 * normal(),
      recall: auc - 0.03 + 0.05 * normal(),
      auprc: 0.02 + 0.1 * uniform(),
      brier: 0.24 - 0.1 * (auc - 0.5),
    });
    return { disease, category, real: scores(base), imputed: scores(base + 0.035 + 0.02 * normal()) };
  });
  // As test.wilcoxon hands them out: a disease's means over seeds, and the tests over diseases.
  const units = METRICS.flatMap((value) =>
    prediction.map(({ disease, category, real: reference, imputed: other }): Row => {
      const pair = { reference: reference[value], other: other[value] };
      return { value, disease, category, ...pair, difference: pair.other - pair.reference };
    }),
  );
  const tests = METRICS.flatMap((value) =>
    ['all', ...named].map((category): Row => {
      const own = units.filter(
        (row) => row['value'] === value && (category === 'all' || row['category'] === category),
      );
      const mean = (column: string): number =>
        own.reduce((sum, row) => sum + Number(row[column]), 0) / own.length;
      return {
        value,
        category,
        units: own.length,
        missing: 0,
        zeros: 0,
        reference: mean('reference'),
        other: mean('other'),
        shift: mean('difference'),
        positive: 0,
        negative: 0,
        p: category === 'all' ? 1.3e-21 : Math.min(1, 2 ** (1 - own.length)),
        method: 'exact',
      };
    }),
  );
  const comparison = real.map((row, i): Row => {
    const other = imputed[i]!;
    const [qr, qi, br, bi] = [row['q'], other['q'], row['beta'], other['beta']].map((x) =>
      x === null ? NaN : Number(x),
    );
    const verdict =
      Number.isNaN(qr) || Number.isNaN(qi)
        ? 'not compared'
        : qr! <= 0.05
          ? qi! <= 0.05
            ? br! * bi! < 0
              ? 'opposite'
              : Math.abs(bi! / br!) < 0.5
                ? 'weaker'
                : Math.abs(bi! / br!) > 2
                  ? 'stronger'
                  : 'agrees'
            : 'missed'
          : qi! <= 0.05
            ? 'invented'
            : 'neither';
    return {
      disease: row['disease']!,
      idp: row['idp']!,
      real_beta: row['beta']!,
      imputed_beta: other['beta']!,
      verdict,
    };
  });
  return {
    'accuracy_table.table': table(accuracy),
    'associations_real.table': table(real),
    'associations_imputed.table': table(imputed),
    'categories.table': table(categories),
    'category_ranking.table': table([
      { value: 'mean_significant', units: named.length, missing: 0, rho: 0.758, p: 0.004, method: 't' },
    ]),
    'prediction_tests.units': table(units),
    'prediction_tests.table': table(tests),
    'comparison.table': table(comparison),
  };
}

function table(rows: readonly Row[]): Table {
  const columns = Object.keys(rows[0]!).map((name): [string, Column] => {
    const cells = rows.map((row) => row[name] ?? null);
    return [
      name,
      cells.some((cell) => typeof cell === 'string')
        ? textColumn(cells as (string | null)[])
        : numberColumn(cells as (number | null)[]),
    ];
  });
  return plainTable(columns, rows.length);
}
