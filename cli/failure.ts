/**
 * Failure: exit codes, and what a user is told when a command cannot be carried out.
 *
 * Errors of the engine are known by name, so that asking for help does not load the engine. Not responsible for nodes that fail:
 * those are part of a run's outcome (summary.ts).
 */

export const EXIT = {
  done: 0,
  /** Some node failed, or the system refused (disk full, no permission). */
  failed: 1,
  /** The workflow or the command line is wrong. */
  usage: 2,
  /** The store is damaged. */
  damaged: 3,
  /** A bug of cohortflow. 70 is EX_SOFTWARE of sysexits.h. */
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line asks for something that cannot be: shown as it stands, exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  constructor(
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }
}

/** The system refuses what was asked for: shown as it stands, exit code 1. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }
}

/** The workflow has errors, which are rendered already; exit code 2. */
export class RejectedWorkflow extends Error {
  override readonly name = 'RejectedWorkflow';
  constructor(
    readonly rendered: readonly string[],
    readonly diagnostics: readonly unknown[],
    readonly errors: number,
    /** The files that were read, and those that were missed; absolute. */
    readonly sources: readonly string[] = [],
  ) {
    super('the workflow has errors');
  }
}

export interface Verdict {
  readonly code: ExitCode;
  readonly message: string;
  readonly hint: string | null;
}

/** What to say of an error that ended a verb, and with which exit code. */
export function judge(error: unknown): Verdict {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const verdict = (code: ExitCode, text = message, hint: string | null = null): Verdict => ({
    code,
    message: text,
    hint,
  });
  if (error instanceof UserError) return verdict(EXIT.usage, message, error.hint);
  if (error instanceof RefusedError) return verdict(EXIT.failed, message, error.hint);
  // Raised by the engine's questions about a name that is not there.
  if (name === 'NotFoundError' || name === 'QueryError')
    return verdict(EXIT.usage, message, (error as { hint?: string | null }).hint ?? null);
  if (name === 'PlanDeviationError')
    return verdict(EXIT.usage, message, 'what was finished is kept; look at it again with: cohortflow plan');
  // A full disk, missing permissions, a process that holds the store: nothing is damaged.
  if (name === 'StoreUnavailableError') return verdict(EXIT.failed, message, 'what was finished is kept');
  const repair = 'move the store away; the next run computes everything anew';
  if (name === 'StoreError') return verdict(EXIT.damaged, message, repair);
  if (name === 'NewerStoreError')
    return verdict(EXIT.usage, message, 'use that version, or another folder with --store');
  if (name === 'MissingObjectError') {
    return verdict(EXIT.damaged, message, 'run again: what needs the object is computed anew');
  }
  const { code: given } = error as { code?: unknown };
  const code = typeof given === 'string' ? given : '';
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code))
    return verdict(EXIT.damaged, `the index of the store is damaged (${message})`, repair);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC')
    return verdict(EXIT.failed, `the disk is full (${message})`, 'what was finished is kept');
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|IOERR|BUSY|LOCKED|AUTH)/.test(code))
    return verdict(EXIT.failed, `the store cannot be used (${message})`);
  // System errors say what was tried on which path.
  if (/^E[A-Z0-9]+$/.test(code)) return verdict(EXIT.failed);
  return verdict(EXIT.bug, `internal error: ${stack ?? message}`);
}
