/**
 * Port types: what may be connected to what, checked before anything runs.
 *
 * Storage has few kinds; port types are names upon them. Not responsible for the artifacts themselves (cache/).
 */
import type { ArtifactKind } from '../cache/artifact.js';

/** Each port type and the storage kind below it. */
export const PORT_TYPES = {
  table: 'table',
  /** people kept: a table whose ids are the people; columns are optional */
  samples: 'table',
  /** who is in which fold: ids and a column `fold` */
  folds: 'table',
  metrics: 'table',
  associations: 'table',
  array: 'array',
  json: 'json',
  model: 'json',
  file: 'file',
  /** variants of genotypes: place, id and alleles, without ids of its own */
  variants: 'table',
  /** summary statistics: one row for each variant and effect allele */
  sumstats: 'table',
  /** people × variants of genotype files that stay where they are */
  genotypes: 'view',
  /** a drawn figure (SVG) */
  figure: 'file',
} as const satisfies Record<string, ArtifactKind>;

export type PortType = keyof typeof PORT_TYPES;

/**
 * A value of type `from` may be given where `to` is wanted: same type, or the plain name of its storage kind; and any table
 * names people by its ids (one without ids is refused when the task reads it).
 */
export function isAssignable(from: PortType, to: PortType): boolean {
  return from === to || PORT_TYPES[from] === to || (from === 'table' && to === 'samples');
}
