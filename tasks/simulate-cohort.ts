/** `simulate.cohort`: an invented biobank, as files and tables of the real formats. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { numberColumn, textColumn } from '../cache/column.js';
import { idTable, plainTable, type Table } from '../cache/table.js';
import {
  defineTask,
  fileAtOutput,
  fileOutput,
  jsonOutput,
  tableOutput,
  type Json,
  type OutputValue,
} from '../engine/task.js';
import type { Sink } from '../genotypes/simulate/bedrows.js';
import { bloodTraitsOf } from '../genotypes/simulate/bloodcatalogue.js';
import { simulateCohort, type Cohort } from '../genotypes/simulate/cohort.js';
import type { Design } from '../genotypes/simulate/design.js';
import { diseasesOf } from '../genotypes/simulate/diseasecatalogue.js';
import { idpsOf } from '../genotypes/simulate/imagingcatalogue.js';
import { layoutOf } from '../genotypes/simulate/sumstatswriter.js';
import { columnName, type Spelling } from '../genotypes/simulate/ukbcolumns.js';
import { DESIGN_PROPERTIES, designJson, refusingDesign, sheetTable } from './simulated-design.js';

interface Params extends Omit<Design, 'seed'> {
  readonly spelling: Spelling;
  readonly truth_about_people: boolean;
}

/** As figures name the groups. */
const GROUPS = { t1: 'T1', swi: 'SWI', cardiac: 'cardiac' } as const;

/** Files above this size are written beside the store instead of being held in memory. */
const IN_MEMORY = 32 * 1024 * 1024;

export const simulateCohortTask = defineTask<Params>({
  name: 'simulate.cohort',
  version: 2,
  seeded: true,
  summary: 'Invents a biobank: genotypes, blood, imaging, diseases and deaths, in the formats of UK Biobank.',
  details: `**Genotypes.** Founder haplotypes of four ancestries come from the coalescent with recombination (SMC′) under an
out-of-Africa history with hotspots; people are mosaics of the founders of their ancestry (as HAPGEN2), children recombine their parents'
haplotypes. Variants lie densely in regions spread over the autosomes (GRCh37), with at least \`genome.min_maf\` in the main ancestry.
A1, the counted allele, is the alternative one.

**Traits.** On the scale of one SD: IDP = genetics + blood + age, sex and body mass index + noise, in the shares asked for. The genetics are
oligogenic: with thousands of causal variants nothing could be learned from a discovery sample of this size. Blood traits depend on latent
factors, age, sex and body mass index. Hazards are proportional and grow with age; log hazard ratio per SD of 3 to 6 IDPs a disease; the
first category depends on cardiac IDPs only. Nothing but IDPs, age, body mass index and smoking acts on diseases, unless
\`diseases.direct_blood\` says so.

**Records.** Instances 0 (everyone), 1 (some) and 2 (the scanned); time zero of the scanned is the scan. Records end with death, loss
(field 191) or on 2020-12-31 in England, 2020-10-31 in Scotland, 2020-08-31 in Wales (country by centre, field 54). Some dates before
recruitment are the special dates of UK Biobank. Values are missing at random, by whole panel or modality, below reporting limits, and
depending on themselves (\`missing.informative\`). Half of the withdrawn people have negative ids in the \`.fam\`.

A person's draws depend on the seed and the person's number alone: a larger cohort contains the smaller one, and a further IDP, blood trait or
disease leaves the other columns as they are. \`truth\` and \`truth_about_people\` are for validation: no task of a study may read them. GWAS
summary statistics are made by \`simulate.gwas\` from \`design\`.`,
  params: {
    type: 'object',
    properties: {
      ...DESIGN_PROPERTIES,
      spelling: {
        enum: ['showcase', 'r', 'rap'],
        default: 'showcase',
        description: 'How fields are spelled: 25010-2.0 (showcase), f.25010.2.0 (r), p25010_i2 (rap).',
      },
      truth_about_people: {
        type: 'boolean',
        default: true,
        description: 'Whether to keep every person’s true IDPs; two numbers for each IDP and person.',
      },
    },
    additionalProperties: false,
  },
  inputs: {},
  outputs: {
    bed: { type: 'file', summary: 'Genotypes of the cohort (PLINK 1).' },
    bim: { type: 'file', summary: 'Their variants.' },
    fam: { type: 'file', summary: 'Their people.' },
    reference_bed: { type: 'file', summary: 'Genotypes of the reference panel (PLINK 1).' },
    reference_bim: { type: 'file', summary: 'Its variants, the same as the cohort’s.' },
    reference_fam: { type: 'file', summary: 'Its people.' },
    assessment: {
      type: 'table',
      summary: 'Everyone: covariates, genotyping flags, blood, at instances 0 and 1.',
    },
    imaging: { type: 'table', summary: 'The scanned: covariates and IDPs at instance 2.' },
    first_occurrences: {
      type: 'table',
      summary: 'Everyone: date of each disease’s first occurrence, loss, death and its cause.',
    },
    hospital: {
      type: 'table',
      summary: 'Everyone: diagnoses (41270) and their dates (41280), paired by array.',
    },
    kinship: {
      type: 'table',
      summary: 'Related pairs as UK Biobank gives them: ID1, ID2, HetHet, IBS0, Kinship.',
    },
    withdrawn: { type: 'samples', summary: 'The withdrawal list.' },
    idps: { type: 'table', summary: 'IDPs: field, column, group, GWAS file and layout, name.' },
    blood: { type: 'table', summary: 'Blood traits: field, column, modality, name.' },
    diseases: { type: 'table', summary: 'Diseases: ICD-10 code, column, category, sex, name.' },
    design: { type: 'json', summary: 'What simulate.gwas needs to simulate the discovery sample.' },
    truth: { type: 'json', summary: 'The planted effects. For validation only.' },
    truth_about_people: {
      type: 'table',
      summary: 'Ancestry and true IDPs of everyone. For validation only.',
    },
  },
  resources: ({ people, genome, idps, blood, diseases, truth_about_people }) => {
    const everyone = people.imaging + people.target;
    const columns = 40 + 2 * (blood.count + blood.biochemistry) + diseases.count;
    const truth = truth_about_people ? 2 * (idps.t1 + idps.swi + idps.cardiac) : 0;
    const haplotypes = (everyone + 2_000) * (100 + idps.causal_pool);
    const founders = (genome.variants * 2 * genome.founders) / 8;
    return { memory: 400e6 + haplotypes + 12 * everyone * (columns + truth) + founders };
  },
  run(context) {
    const { spelling, truth_about_people: truthAboutPeople, ...parameters } = context.params;
    const design: Design = { seed: context.seed, ...parameters };
    const { people, genome } = design;
    const bedSize = (count: number): number => 3 + genome.variants * Math.ceil(count / 4);
    const scratch = (): string => context.scratch();
    const bed = newFile('bed', bedSize(people.imaging + people.target), 'cohort', scratch);
    const referenceBed = newFile('bed', bedSize(people.reference), 'reference', scratch);
    const [bim, fam, referenceBim, referenceFam] = ['bim', 'fam', 'bim', 'fam'].map((extension) =>
      newFile(extension, 0, '', scratch),
    ) as [NewFile, NewFile, NewFile, NewFile];
    const cohort = refusingDesign(() =>
      simulateCohort(
        design,
        {
          cohort: { bed: bed.write, bim: bim.write, fam: fam.write },
          reference: { bed: referenceBed.write, bim: referenceBim.write, fam: referenceFam.write },
        },
        { spelling, truthAboutPeople, progress: (fraction) => context.progress(fraction) },
      ),
    );
    context.log(`${cohort.kinship.length} related pairs, ${cohort.withdrawn.length} people withdrawn`);
    return {
      bed: bed.close(),
      bim: bim.close(),
      fam: fam.close(),
      reference_bed: referenceBed.close(),
      reference_bim: referenceBim.close(),
      reference_fam: referenceFam.close(),
      assessment: tableOutput(sheetTable(cohort.assessment)),
      imaging: tableOutput(sheetTable(cohort.imaging)),
      first_occurrences: tableOutput(sheetTable(cohort.firstOccurrences)),
      hospital: tableOutput(sheetTable(cohort.hospital)),
      kinship: tableOutput(kinshipTable(cohort)),
      withdrawn: tableOutput(idTable('eid', cohort.withdrawn, [])),
      ...listsOf(design, spelling),
      design: jsonOutput(designJson(design)),
      truth: jsonOutput(structuredClone(cohort.truth) as unknown as Json),
      truth_about_people: tableOutput(sheetTable(cohort.truthAboutPeople)),
    };
  },
});

interface NewFile {
  readonly write: Sink;
  close(): OutputValue;
}

/** A file in memory, or, when its known size is large, in the scratch folder. */
function newFile(extension: string, size: number, name: string, scratch: () => string): NewFile {
  if (size > IN_MEMORY) {
    const path = join(scratch(), `${name}.${extension}`);
    const descriptor = openSync(path, 'w');
    return {
      write(bytes) {
        for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
      },
      close() {
        closeSync(descriptor);
        return fileAtOutput(path, extension);
      },
    };
  }
  const pieces: Uint8Array[] = [];
  return {
    write(bytes) {
      pieces.push(bytes.slice());
    },
    close: () => fileOutput(Buffer.concat(pieces), extension),
  };
}

function kinshipTable({ kinship }: Cohort): Table {
  return plainTable([
    ['ID1', textColumn(kinship.map(({ first }) => first))],
    ['ID2', textColumn(kinship.map(({ second }) => second))],
    ['HetHet', numberColumn(kinship.map(({ hetHet }) => hetHet))],
    ['IBS0', numberColumn(kinship.map(({ ibs0 }) => ibs0))],
    ['Kinship', numberColumn(kinship.map(({ kinship: phi }) => phi))],
  ]);
}

/** What there is, one row each: the items of a study's axes. */
function listsOf(design: Design, spelling: Spelling): Record<'idps' | 'blood' | 'diseases', OutputValue> {
  const list = <T>(
    idName: string,
    rows: readonly T[],
    cells: Readonly<Record<string, (row: T) => string | null>>,
  ): OutputValue => {
    const { [idName]: id, ...others } = cells;
    const columns = Object.entries(others).map(([name, cell]) => [name, textColumn(rows.map(cell))] as const);
    return tableOutput(
      idTable(
        idName,
        rows.map((row) => id!(row)!),
        columns,
      ),
    );
  };
  return {
    idps: list('idp', idpsOf(design.idps), {
      idp: ({ idp }) => idp,
      column: ({ idp }) => columnName(spelling, Number(idp), 2),
      field: ({ idp }) => idp,
      group: ({ group }) => GROUPS[group],
      gwas: ({ idp }) => `${idp}.txt`,
      layout: ({ group }) => layoutOf(group),
      name: ({ name }) => name,
    }),
    blood: list('trait', bloodTraitsOf(design.blood), {
      trait: ({ trait }) => trait,
      column: ({ trait }) => columnName(spelling, Number(trait), 0),
      modality: ({ modality }) => modality,
      name: ({ name }) => name,
    }),
    diseases: list('disease', diseasesOf(design.diseases.count, design.diseases.categories), {
      disease: ({ disease }) => disease,
      column: ({ field }) => columnName(spelling, field),
      category: ({ category }) => category,
      sex: ({ sex }) => sex,
      name: ({ name }) => name,
    }),
  };
}
