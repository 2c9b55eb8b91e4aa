/**
 * Disease definitions: which records make somebody a case, and which make somebody unfit as a control.
 * Not responsible for reading records (records.ts).
 */
import { parseColumn } from './column.js';
import { isIcd10, isInRange, normalCode, parsePrefixes, parseRanges, type CodeRange } from './code.js';

export type Coding = 'icd10' | 'icd9' | 'self_report';

export interface DiseaseDefinition {
  readonly disease: string;
  /** The date of its first occurrence, as a field, or as a column of another name. */
  readonly field: number | null;
  readonly column: string | null;
  /** Beginnings of codes; of self-reports whole codes. */
  readonly codes: Readonly<Record<Coding, readonly string[]>>;
  /** ICD-10 codes of people who are no controls. */
  readonly exclude: readonly CodeRange[];
  readonly sex: 'female' | 'male' | null;
}

export type Cells = Readonly<Record<string, string | number | null>>;

/**
 * A definition from a row of a table: `column` or `field`, `icd10`, `icd9`, `self_report`, `exclude`, `sex`, each of which may be missing. A
 * disease whose name is an ICD-10 code stands for that code when the table has no column `icd10`.
 * @throws Error naming what cannot be understood.
 */
export function parseDefinition(disease: string, cells: Cells): DiseaseDefinition {
  const text = (name: string): string => String(cells[name] ?? '').trim();
  const named = text('column') || text('field');
  const field = /^\d+$/.test(named) ? Number(named) : (parseColumn(named)?.field ?? null);
  const sex = text('sex').toLowerCase();
  if (!['', 'both', 'female', 'male'].includes(sex)) {
    throw new Error(`the sex is '${text('sex')}', expected female, male or both`);
  }
  const ownName = !('icd10' in cells) && isIcd10(disease) ? disease : '';
  return {
    disease,
    field,
    column: field === null && named !== '' ? named : null,
    codes: {
      icd10: parsePrefixes(text('icd10') || ownName),
      icd9: parsePrefixes(text('icd9')),
      self_report: parsePrefixes(text('self_report')),
    },
    exclude: parseRanges(text('exclude')),
    sex: sex === 'female' || sex === 'male' ? sex : null,
  };
}

/** The diseases, by position, that a code speaks of. */
export interface CodeMeaning {
  readonly cases: readonly number[];
  readonly excluded: readonly number[];
}

const NOTHING: CodeMeaning = { cases: [], excluded: [] };

/** What codes mean under a set of definitions: each distinct code is matched once. */
export class CodeBook {
  private readonly known: Readonly<Record<Coding, Map<string, CodeMeaning>>> = {
    icd10: new Map(),
    icd9: new Map(),
    self_report: new Map(),
  };

  constructor(private readonly definitions: readonly DiseaseDefinition[]) {}

  meaning(coding: Coding, code: string): CodeMeaning {
    let meaning = this.known[coding].get(code);
    if (!meaning) this.known[coding].set(code, (meaning = this.match(coding, normalCode(code))));
    return meaning;
  }

  private match(coding: Coding, code: string): CodeMeaning {
    if (code === '') return NOTHING;
    const cases: number[] = [];
    const excluded: number[] = [];
    this.definitions.forEach(({ codes, exclude }, d) => {
      const prefixes = codes[coding];
      const whole = coding === 'self_report';
      if (prefixes.some((prefix) => (whole ? code === prefix : code.startsWith(prefix)))) cases.push(d);
      else if (coding === 'icd10' && exclude.some((range) => isInRange(code, range))) excluded.push(d);
    });
    return cases.length + excluded.length === 0 ? NOTHING : { cases, excluded };
  }
}
