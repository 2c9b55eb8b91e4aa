/**
 * Artifact: an immutable typed value named by its digest. Not responsible for what a port calls it (engine/port.ts).
 */

/** A SHA-256 in lower-case hex (64 characters). */
export type Digest = string;

/**
 * table: a manifest of column digests. array: n-d typed array. json: a canonical JSON value. file: bytes with an
 * extension. view: a recipe over other artifacts, never copied bytes.
 */
export type ArtifactKind = 'table' | 'array' | 'json' | 'file' | 'view';

export interface ArtifactRef {
  readonly kind: ArtifactKind;
  /** table: of the manifest; array, json, file, view: of the content. */
  readonly digest: Digest;
  /** Of a file: without the dot. */
  readonly extension?: string;
}
