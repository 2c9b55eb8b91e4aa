/**
 * The models of one design together, and people drawn from them: shared by the cohort and by the discovery sample.
 * Not responsible for haplotypes nor for what is recorded.
 */
import { BloodModel } from './bloodmodel.js';
import type { Design } from './design.js';
import type { FounderPanel } from './founders.js';
import { IdpModel, type IdpParts } from './idpmodel.js';
import { Families, type Slots } from './pedigree.js';
import { PersonModel, type Person } from './person.js';

export class Models {
  readonly families: Families;
  readonly people: PersonModel;
  readonly blood: BloodModel;
  readonly idps: IdpModel;

  constructor(
    readonly design: Design,
    readonly panel: FounderPanel,
    only?: ReadonlySet<string>,
  ) {
    this.families = new Families(design);
    this.people = new PersonModel(design, this.families);
    this.blood = new BloodModel(design);
    this.idps = new IdpModel(design, panel, this.blood, only);
  }

  /** Visits slots from … to − 1, each with its values; the arrays are reused. `dosages` are those of `genotype`. */
  forEach(
    slots: Slots,
    dosages: Uint8Array,
    from: number,
    to: number,
    visit: (slot: number, person: Person, own: Float64Array, parts: IdpParts) => void,
  ): void {
    const pool = new Uint8Array(this.idps.pool.length);
    const own = new Float64Array(this.blood.traits.length);
    const size = this.idps.effects.length;
    const parts: IdpParts = { genetic: new Float64Array(size), total: new Float64Array(size) };
    for (let slot = from; slot < to; slot++) {
      for (let t = 0; t < pool.length; t++) pool[t] = dosages[t * slots.listed + slot]!;
      const person = this.people.draw(slots.role[slot]!, slots.index[slot]!);
      this.blood.own(person, own);
      this.idps.values(person, pool, own, parts);
      visit(slot, person, own, parts);
    }
  }
}
