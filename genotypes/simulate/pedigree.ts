/**
 * Who is who: roles, families, and the slots (people and their unseen parents) whose haplotypes are simulated.
 * Not responsible for haplotypes (mosaic.ts) nor for anything but kinship and ancestry.
 *
 * People 2j and 2j + 1 of a cohort role are family j; most families are two unrelated people. All of it is a function of the
 * seed, the role and the family's number.
 */
import { MINORITY_SHARES } from './demography.js';
import type { Design } from './design.js';
import { Draws } from './draws.js';

export const IMAGING = 0;
export const TARGET = 1;
export const DISCOVERY = 2;
export const REFERENCE = 3;
/** People who exist only to set the diseases' base hazards. */
export const CALIBRATION = 4;

export const ROLES = ['imaging', 'target', 'discovery', 'reference', 'calibration'] as const;

export type Relation = 'parent-child' | 'siblings' | 'half-siblings';

/** People of a study, row by row. */
export interface People {
  readonly role: Uint8Array;
  /** Number within the role. */
  readonly index: Int32Array;
}

export class Families {
  private readonly draws: Draws;
  private readonly ancestries: Draws;

  constructor(private readonly design: Design) {
    this.draws = new Draws(design.seed, 'family');
    this.ancestries = new Draws(design.seed, 'ancestry');
  }

  /** How the two members of a person's family are related; null when they are not. The other one may be in no study. */
  relation(role: number, index: number): Relation | null {
    if (role !== IMAGING && role !== TARGET) return null;
    const share = this.design.people.relatives;
    const u = this.draws.uniform(index >> 1, role);
    if (u >= share) return null;
    return u < 0.5 * share ? 'siblings' : u < 0.85 * share ? 'parent-child' : 'half-siblings';
  }

  /** Index into ANCESTRIES; families are of one ancestry, all roles but the cohort's of the main one. */
  ancestry(role: number, index: number): number {
    if (role !== IMAGING && role !== TARGET) return 0;
    const u = this.ancestries.uniform(index >> 1, role) / this.design.people.minority;
    if (u >= 1) return 0;
    let a = 1;
    let sum = MINORITY_SHARES[1];
    while (u >= sum && a + 1 < MINORITY_SHARES.length) sum += MINORITY_SHARES[++a]!;
    return a;
  }
}

/** Everyone whose haplotypes are drawn: the people asked for, then unseen parents. */
export interface Slots {
  /** Slots 0 … listed − 1 are the people asked for. */
  readonly listed: number;
  readonly count: number;
  readonly role: Uint8Array;
  readonly index: Int32Array;
  /** 0 the person, 1 … 3 an unseen parent in the person's family. */
  readonly ghost: Uint8Array;
  readonly ancestry: Uint8Array;
  /** The two parents' slots; −1 for those who have none here. Parents have no parents here themselves. */
  readonly parents: Int32Array;
  /** Related pairs of listed people. */
  readonly pairs: readonly { readonly a: number; readonly b: number; readonly relation: Relation }[];
}

export function slotsOf(families: Families, people: People): Slots {
  const listed = people.index.length;
  const role = Array.from(people.role);
  const index = Array.from(people.index);
  const ghost = new Array<number>(listed).fill(0);
  const parents = new Array<number>(2 * listed).fill(-1);
  const pairs: { a: number; b: number; relation: Relation }[] = [];
  const known = new Map<string, number>();
  const slotOf = (r: number, i: number, g: number): number => {
    const name = `${r} ${i} ${g}`;
    let slot = known.get(name);
    if (slot === undefined) {
      slot = role.length;
      role.push(r);
      index.push(i);
      ghost.push(g);
      parents.push(-1, -1);
      known.set(name, slot);
    }
    return slot;
  };
  const related = Array.from(role.keys()).filter((s) => families.relation(role[s]!, index[s]!) !== null);
  for (const s of related) known.set(`${role[s]!} ${index[s]!} 0`, s);
  for (const s of related) {
    const [r, i] = [role[s]!, index[s]!];
    const relation = families.relation(r, i)!;
    const elder = i & ~1;
    if (relation === 'parent-child') {
      if (i !== elder) [parents[2 * s], parents[2 * s + 1]] = [slotOf(r, elder, 0), slotOf(r, elder, 1)];
    } else {
      const second = relation === 'half-siblings' && i !== elder ? 3 : 2;
      [parents[2 * s], parents[2 * s + 1]] = [slotOf(r, elder, 1), slotOf(r, elder, second)];
    }
    const partner = known.get(`${r} ${elder} 0`);
    if (i !== elder && partner !== undefined && partner < listed) pairs.push({ a: partner, b: s, relation });
  }
  return {
    listed,
    count: role.length,
    role: Uint8Array.from(role),
    index: Int32Array.from(index),
    ghost: Uint8Array.from(ghost),
    ancestry: Uint8Array.from(role, (r, s) => families.ancestry(r, index[s]!)),
    parents: Int32Array.from(parents),
    pairs,
  };
}
