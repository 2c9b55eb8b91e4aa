/**
 * Publications: which files a store has published, with what bytes and by whom, and which it was about to write.
 *
 * Folders are kept as seen from the store: a study that is moved with its store keeps what it published. Not responsible for
 * writing files (engine/publish.ts).
 */
import { relative } from 'node:path';
import type { Digest } from './artifact.js';
import type { Statements } from './layout.js';

/** A file that is there as it was intended. */
export interface Publication {
  /** Relative to its folder. */
  readonly path: string;
  readonly digest: Digest;
  readonly source: string;
}

const toBlob = (digest: Digest): Buffer => Buffer.from(digest, 'hex');

/** Folders are absolute in every call. */
export class Publications {
  constructor(
    private readonly statements: Statements,
    private readonly storeFolder: string,
    private readonly transaction: (work: () => void) => void,
  ) {}

  private near(folder: string): string {
    return relative(this.storeFolder, folder);
  }

  of(folder: string): Publication[] {
    return this.statements.published
      .all(this.near(folder))
      .map((row) => ({ path: row.path, digest: row.hash.toString('hex'), source: row.source }));
  }

  /** The sources of what was published under a path, to any folder; the path is relative to it. */
  sourcesOf(path: string): string[] {
    return this.statements.publishedAs.all(path);
  }

  add(folder: string, path: string, digest: Digest, source: string): void {
    this.transaction(() => {
      this.statements.addPublished.run(this.near(folder), path, toBlob(digest), source);
      this.statements.removePublishing.run(this.near(folder), path);
    });
  }

  remove(folder: string, path: string): void {
    this.transaction(() => {
      this.statements.removePublisher.run(this.near(folder), path);
      this.statements.removePublished.run(this.near(folder), path);
      this.statements.removePublishing.run(this.near(folder), path);
    });
  }

  /** What was about to be written to a folder by a process that did not come to say that it was. */
  intended(folder: string): (Publication & { readonly temporary: string })[] {
    return this.statements.publishing.all(this.near(folder)).map(({ hash, ...row }) => ({
      ...row,
      digest: hash.toString('hex'),
    }));
  }

  /** Said before a file is written, so that whatever a kill leaves is known for our own. `temporary`: where its bytes gather. */
  intend(folder: string, path: string, digest: Digest, source: string, temporary: string): void {
    this.statements.addPublishing.run(this.near(folder), path, toBlob(digest), source, temporary);
  }

  giveUp(folder: string, path: string): void {
    this.statements.removePublishing.run(this.near(folder), path);
  }

  /** Path → the workflow that published it last; files that were published before this was kept are not in it. */
  publishers(folder: string): Map<string, string> {
    const rows = this.statements.publishers.all(this.near(folder));
    return new Map(rows.map(({ path, workflow }) => [path, workflow]));
  }

  setPublisher(folder: string, path: string, workflow: string): void {
    this.statements.setPublisher.run(this.near(folder), path, workflow);
  }
}
