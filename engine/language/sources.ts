/**
 * Sources: reads the files of one workflow and follows `extends`, base last.
 *
 * Not responsible for merging them (merge.ts).
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Range } from '../diagnostic.js';
import type { Findings } from './findings.js';
import { describe, type LocatedMap } from './located.js';
import { LIMITS, parseYaml } from './yaml.js';

/** The two questions that the loader asks of the disk; tests answer them from memory. */
export interface Disk {
  /** @throws Error (with a `code` such as ENOENT) when it cannot be read. */
  readonly readFile: (path: string) => Uint8Array | string;
  readonly exists: (path: string) => boolean;
}

export const realDisk: Disk = {
  readFile: (path) => {
    // A size is checked first: a device or a 40 GB file given by mistake must not be read.
    const stat = statSync(path);
    if (stat.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    if (stat.size > LIMITS.fileBytes) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
    return readFileSync(path);
  },
  exists: (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
};

export class Sources {
  /** Text of every file read (and of every `--set`), in the order in which findings are shown. */
  readonly texts = new Map<string, string>();
  private readonly folders = new Map<string, string>();

  constructor(
    private readonly disk: Disk,
    private readonly findings: Findings,
  ) {}

  /** The folder that a relative path written in `file` starts from. */
  folderOf(file: string): string {
    return this.folders.get(file) ?? dirname(file);
  }

  /** Registers text that stands in no file (`--set`): relative paths in it start from `folder`. */
  addText(name: string, text: string, folder: string): void {
    this.texts.set(name, text);
    this.folders.set(name, folder);
  }

  exists(path: string): boolean {
    try {
      return this.disk.exists(path);
    } catch {
      return false;
    }
  }

  /** `file` and all that it extends, from the main file to the last base; null when one cannot be used. */
  readChain(file: string): LocatedMap[] | null {
    const chain: LocatedMap[] = [];
    let path = file;
    let from: Range | null = null;
    for (;;) {
      if (this.texts.has(path)) {
        this.findings.error('CF107', from, 'this file extends itself', {
          got: [...this.texts.keys(), path].join(' → '),
        });
        return null;
      }
      if (chain.length >= LIMITS.extendsChain) {
        this.findings.error('CF103', from, 'too many files extend each other', {
          expected: `at most ${LIMITS.extendsChain}`,
        });
        return null;
      }
      const tree = this.readOne(path, from);
      if (!tree) return null;
      chain.push(tree);
      this.checkVersion(tree);
      const base = tree.entries.get('extends')?.value;
      if (!base) return chain;
      if (base.kind !== 'scalar' || typeof base.value !== 'string' || base.value === '') {
        this.findings.error('CF113', base.at, "'extends' does not fit", {
          expected: 'the path of a workflow file',
          got: describe(base),
        });
        return null;
      }
      from = base.at;
      path = resolve(dirname(path), base.value);
    }
  }

  private readOne(path: string, from: Range | null): LocatedMap | null {
    const text = this.readText(path, from);
    if (text === null) return null;
    this.texts.set(path, text);
    const tree = parseYaml(text, path, this.findings);
    if (!tree) {
      if (!this.findings.hasErrors)
        this.findings.error('CF112', startOf(path), "the file is empty: 'cohortflow' is missing");
      return null;
    }
    if (tree.kind !== 'map') {
      this.findings.error('CF113', tree.at, 'a workflow file is a map', {
        expected: "keys such as 'cohortflow', 'name' and 'nodes'",
        got: describe(tree),
      });
      return null;
    }
    return tree;
  }

  private readText(path: string, from: Range | null): string | null {
    const refuse = (got: string, hint?: string): null => {
      this.findings.error('CF101', from, `cannot read the workflow file '${path}'`, { got, hint });
      return null;
    };
    let bytes: Uint8Array | string;
    try {
      bytes = this.disk.readFile(path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'ENOENT' || code === 'ENOTDIR') return refuse('there is no such file');
      if (code === 'EISDIR') return refuse('it is a folder');
      if (code === 'EFBIG') return this.tooLarge(path, from);
      if (code === 'EACCES' || code === 'EPERM') return refuse('reading it is not permitted');
      return refuse(error instanceof Error ? error.message : String(error));
    }
    if (bytes.length > LIMITS.fileBytes) return this.tooLarge(path, from);
    if (typeof bytes === 'string') return bytes;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return refuse('it is not UTF-8 text', 'save it with the encoding UTF-8');
    }
  }

  private tooLarge(path: string, from: Range | null): null {
    this.findings.error('CF103', from, `the workflow file '${path}' is too large`, {
      expected: `at most ${LIMITS.fileBytes / 1024 / 1024} MiB`,
      hint: 'keep data in tables and point to them with inputs',
    });
    return null;
  }

  private checkVersion(tree: LocatedMap): void {
    const version = tree.entries.get('cohortflow');
    if (!version) {
      this.findings.error('CF112', startOf(tree.at.file), "'cohortflow' is missing", {
        expected: "'cohortflow: 1', the version of the format, in every workflow file",
      });
    } else if (version.value.kind !== 'scalar' || version.value.value !== 1) {
      this.findings.error('CF110', version.value.at, 'this version of the workflow format is not supported', {
        expected: 'cohortflow: 1',
        got: describe(version.value),
      });
    }
  }
}

function startOf(file: string): Range {
  return { file, line: 1, column: 1, offset: 0, end: 0 };
}
