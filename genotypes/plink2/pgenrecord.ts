/**
 * Decoding of one `.pgen` variant record: the main track of hard calls, and the biallelic dosage tracks.
 * Not responsible for: finding the record, or the base of an LD-compressed one (`pgen.ts`). Phase is skipped over,
 * multi-allelic tracks are refused before a record is read.
 */
import { GenotypeError } from '../error.js';
import { HET, clearPadding, countCalls, dosagesFromCalls, packedLength, setCall } from '../hardcalls.js';

/** Four calls of hom-REF ↔ hom-ALT exchanged, for inverted LD. */
const INVERTED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let calls = 0;
  for (let shift = 0; shift < 8; shift += 2) {
    const call = (byte >> shift) & 3;
    calls |= (call === 0 ? 2 : call === 2 ? 0 : call) << shift;
  }
  return calls;
});

/** A dosage of 2, the largest. */
const DOSAGE_UNIT = 32768;

/** A cursor over one record that refuses to leave it. */
export class PgenRecord {
  private at = 0;

  constructor(
    private readonly file: string,
    /** Offset of the record in the file. */
    private readonly offset: number,
    private readonly bytes: Uint8Array,
    private readonly people: number,
  ) {}

  private fail(problem: string): GenotypeError {
    return new GenotypeError('bad-record', this.file, problem, { offset: this.offset + this.at });
  }

  /** Start of the next `length` bytes; the cursor moves past them. */
  private take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length)
      throw this.fail(`the record ends ${from + length - this.bytes.length} bytes early`);
    this.at = from + length;
    return from;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.bytes[this.take(1)]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw this.fail('a variable-length number does not end');
  }

  /** Visits a difflist: increasing people, each with its call where `withCalls` (else 0). */
  private difflist(withCalls: boolean, visit: (person: number, call: number) => void): void {
    const length = this.varint();
    if (length === 0) return;
    if (length > this.people) throw this.fail(`a list of ${length} among ${this.people} people`);
    const idBytes = this.people <= 2 ** 8 ? 1 : this.people <= 2 ** 16 ? 2 : this.people <= 2 ** 24 ? 3 : 4;
    const groups = Math.ceil(length / 64);
    const firsts = this.take(groups * idBytes);
    this.take(groups - 1);
    const calls = withCalls ? this.take(packedLength(length)) : 0;
    let person = -1;
    for (let k = 0; k < length; k++) {
      const before = person;
      if (k % 64 === 0) {
        person = 0;
        for (let b = idBytes - 1; b >= 0; b--)
          person = person * 256 + this.bytes[firsts + (k / 64) * idBytes + b]!;
      } else person += this.varint();
      if (person <= before || person >= this.people)
        throw this.fail(`person ${person} follows ${before} in a list`);
      visit(person, withCalls ? (this.bytes[calls + (k >> 2)]! >> ((k & 3) << 1)) & 3 : 0);
    }
  }

  /**
   * Decodes the main track into `out`.
   * @param base calls of the last record that is not LD-compressed, for types 2 and 3
   */
  mainTrack(type: number, out: Uint8Array, base: Uint8Array | undefined): void {
    const patch = (person: number, call: number): void => {
      setCall(out, person, call);
    };
    switch (type & 7) {
      case 0:
        out.set(this.bytes.subarray(this.take(packedLength(this.people)), this.at));
        break;
      case 1:
        this.oneBit(out);
        this.difflist(true, patch);
        break;
      case 2:
      case 3:
        if (base === undefined) throw this.fail('an LD-compressed record without a record to refer to');
        if ((type & 1) === 0) out.set(base);
        else for (let b = 0; b < base.length; b++) out[b] = INVERTED[base[b]!]!;
        this.difflist(true, patch);
        break;
      case 4:
      case 6:
      case 7:
        out.fill((type & 3) * 0x55);
        this.difflist(true, patch);
        break;
      default:
        throw this.fail('main-track type 5 is not defined');
    }
    clearPadding(out, this.people);
  }

  private oneBit(out: Uint8Array): void {
    const code = this.bytes[this.take(1)]!;
    const low = code >> 2;
    const step = code & 3;
    if (step === 0 || low + step > 3) throw this.fail(`one-bit code ${code} is not defined`);
    const bits = this.take(Math.ceil(this.people / 8));
    for (let s = 0; s < this.people; s++) {
      setCall(out, s, low + ((this.bytes[bits + (s >> 3)]! >> (s & 7)) & 1) * step);
    }
  }

  /** Moves past the phase of heterozygous calls (bit 4 of the type). */
  private skipPhase(calls: Uint8Array): void {
    const heterozygous = countCalls(calls, this.people)[HET];
    const from = this.take(Math.ceil((1 + heterozygous) / 8));
    if ((this.bytes[from]! & 1) === 0) return;
    let phased = 0;
    for (let h = 1; h <= heterozygous; h++) phased += (this.bytes[from + (h >> 3)]! >> (h & 7)) & 1;
    this.take(Math.ceil(phased / 8));
  }

  /** ALT dosages after mainTrack(): stored ones, and elsewhere the calls. */
  dosages(type: number, calls: Uint8Array, out: Float64Array): void {
    dosagesFromCalls(calls, this.people, out);
    if ((type & 0x60) === 0) return;
    if ((type & 0x10) !== 0) this.skipPhase(calls);
    if ((type & 0x60) === 0x40) {
      const values = this.take(2 * this.people);
      for (let s = 0; s < this.people; s++) out[s] = this.dosageAt(values + 2 * s, true);
      return;
    }
    const listed = this.listedPeople((type & 0x60) === 0x20);
    const values = this.take(2 * listed.length);
    for (let k = 0; k < listed.length; k++) out[listed[k]!] = this.dosageAt(values + 2 * k, false);
  }

  private listedPeople(asDifflist: boolean): number[] {
    const listed: number[] = [];
    if (asDifflist) {
      this.difflist(false, (person) => listed.push(person));
      return listed;
    }
    const bits = this.take(Math.ceil(this.people / 8));
    for (let s = 0; s < this.people; s++) if ((this.bytes[bits + (s >> 3)]! >> (s & 7)) & 1) listed.push(s);
    return listed;
  }

  private dosageAt(from: number, mayBeMissing: boolean): number {
    const value = this.bytes[from]! | (this.bytes[from + 1]! << 8);
    if (value <= DOSAGE_UNIT) return (2 * value) / DOSAGE_UNIT;
    if (mayBeMissing && value === 65535) return NaN;
    throw this.fail(`a dosage of ${value}/16384`);
  }
}
