/**
 * Participants' numbers: seven digits that tell nothing about the person, the same whoever else is in the study.
 * Not responsible for who is withdrawn.
 */
import { Draws } from './draws.js';
import { TARGET } from './pedigree.js';

const HALF = 11;
const MASK = (1 << HALF) - 1;
const ROUNDS = 4;

/** A role of the cohort may have this many people. */
export const ROLE_LIMIT = 1 << (2 * HALF - 1);

/** A Feistel network over 22 bits: a permutation, so that numbers never collide. */
export class Identities {
  private readonly draws: Draws;

  constructor(seed: string) {
    this.draws = new Draws(seed, 'participant number');
  }

  /** 1000000 … 5194303. */
  of(role: number, index: number): string {
    const unit = (role === TARGET ? ROLE_LIMIT : 0) + index;
    let [high, low] = [unit >> HALF, unit & MASK];
    for (let round = 0; round < ROUNDS; round++) {
      this.draws.block(low, round, 0, 0);
      [high, low] = [low, high ^ (this.draws.words[0]! & MASK)];
    }
    return String(1_000_000 + ((high << HALF) | low));
  }
}
