/** The command line around the verbs: help, slips, exit codes, and what loading costs. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NewerStoreError, StoreError } from '../../cache/store-error.js';
import { EXIT, judge, UserError } from '../../cli/failure.js';
import { runProgram } from '../../cli/program.js';
import { VERBS } from '../../cli/verbs.js';
import { NotFoundError } from '../../engine/selection.js';
import { Written } from './rig.js';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new Written(), new Written()];
  const code = await runProgram(args, { out, err });
  return { code, out: out.text, err: err.text };
}

describe('help', () => {
  it('lists the verbs', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(EXIT.done);
    expect(out).toContain(`
Verbs:
  validate       check a workflow without running anything
  plan           say what would run, and why
  run            run what is missing and publish the results
  watch          run again whenever a file changes
  status         list the last runs and what failed
  why            say why a node ran, would run or is fresh
  lineage        follow a result up to raw files, or down to published ones
  diff           compare two runs: parameters and results
  logs           print what tasks logged
  show           preview a result
  query          ask results in SQL
  export         write results to files
  pin            name a run and keep it
  unpin          let a named run go
  tasks          list the tasks, or describe one
  schema         print the JSON schema of workflow files
  gc             remove what no kept run needs
  verify         check every object of the store for damage
  doctor         check this installation and machine
`);
  });

  it.each(VERBS.map(({ name }) => name))('%s: usage, --json, at least two examples', async (name) => {
    const { code, out } = await run(name, '--help');
    expect(code).toBe(EXIT.done);
    expect(out).toMatch(new RegExp(`^Usage: cohortflow ${name}`));
    expect(out).toContain('--json');
    expect(out).toContain('--no-colour');
    const examples = out.slice(out.indexOf('Examples:')).split('\n').slice(1).filter(Boolean);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const line of examples) expect(line).toMatch(new RegExp(`^  cohortflow ${name}\\b.*  # \\S`));
    expect(await run('help', name)).toEqual({ code, out, err: '' });
  });

  it('loads nothing but the command line', () => {
    const [packages, files] = staticImports(fileURLToPath(new URL('../../cli/main.ts', import.meta.url)));
    expect(packages).toEqual(['commander']);
    expect(files.every((file) => dirname(file).endsWith('/cli'))).toBe(true);
    for (const { name } of VERBS) {
      const [more] = staticImports(fileURLToPath(new URL(`../../cli/${name}.ts`, import.meta.url)));
      expect([name, more]).toEqual([name, []]);
    }
  });

  it('the version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

/** Packages and files that a module loads at once: dynamic and type imports apart. */
function staticImports(entry: string): [packages: string[], files: string[]] {
  const packages = new Set<string>();
  const files = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, clause = '', name] of text.matchAll(
      /^(?:import|export)\s+([^;'"]*?from\s+)?'([^']+)';/gm,
    )) {
      if (clause.startsWith('type ') || name!.startsWith('node:')) continue;
      if (!name!.startsWith('.')) packages.add(name!);
      else open.push(resolve(dirname(file), name!.replace(/\.js$/, '.ts')));
    }
  }
  for (const file of files) expect(existsSync(join(file))).toBe(true);
  return [[...packages].sort(), [...files]];
}

describe('a command line that is wrong', () => {
  it.each([
    [['runn'], "error: unknown command 'runn'\n(Did you mean run?)\n"],
    [['run', '--wokers', '2'], "error: unknown option '--wokers'\n(Did you mean --workers?)\n"],
    [['run', '--store'], "error: option '--store <folder>' argument missing\n"],
    [['tasks', 'impute.kn'], "error: 'impute.kn' is not a task\nhint: did you mean 'impute.knn'?\n"],
    ...(['status', 'validate', 'verify', 'gc'] as const).map(
      (verb) => [[verb, 'x.yaml', 'more'], "error: 'more' is not expected here\n"] as [string[], string],
    ),
    [['schema', 'more'], "error: 'more' is not expected here\n"],
    [['tasks', 'impute.knn', 'more'], "error: 'more' is not expected here\n"],
    [['why', 'x.yaml'], 'error: name a node\nhint: cohortflow why NODE [ITEM…]\n'],
    [['run', '--workers', 'two'], "error: --workers: expected a whole number from 1 to 4096, got 'two'\n"],
    [
      ['run', 'no-such.yaml', '--set', 'params.k'],
      'error: --set params.k: expected path=value\nhint: for example --set params.k=7\n',
    ],
    [['run'], /^error: there is no workflow file in this folder\nhint: name one/],
  ])('%j', async (args, text) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: EXIT.usage, out: '' });
    if (typeof text === 'string') expect(err).toBe(text);
    else expect(err).toMatch(text);
  });

  it('as JSON', async () => {
    expect(JSON.parse((await run('tasks', 'impute.kn', '--json')).out)).toEqual({
      error: { code: 2, message: "'impute.kn' is not a task", hint: "did you mean 'impute.knn'?" },
    });
    expect(JSON.parse((await run('runn', '--json')).out)).toMatchObject({ error: { code: 2 } });
  });

  it('no verb: help, on standard error', async () => {
    const { code, out, err } = await run();
    expect({ code, out }).toEqual({ code: EXIT.usage, out: '' });
    expect(err).toContain('Usage: cohortflow <verb> [options]');
  });
});

describe('exit codes of errors', () => {
  const withCode = (code: string): Error => Object.assign(new Error('m'), { code });

  it.each([
    [new UserError('m', 'h'), EXIT.usage, 'm', 'h'],
    [new NotFoundError('m'), EXIT.usage, 'm', null],
    [new StoreError('m'), EXIT.damaged, 'm', 'move the store away; the next run computes everything anew'],
    [new NewerStoreError('m'), EXIT.usage, 'm', 'use that version, or another folder with --store'],
    [
      withCode('SQLITE_CORRUPT'),
      EXIT.damaged,
      'the index of the store is damaged (m)',
      'move the store away; the next run computes everything anew',
    ],
    [withCode('SQLITE_FULL'), EXIT.failed, 'the disk is full (m)', 'what was finished is kept'],
    [withCode('ENOSPC'), EXIT.failed, 'the disk is full (m)', 'what was finished is kept'],
    [withCode('SQLITE_READONLY'), EXIT.failed, 'the store cannot be used (m)', null],
    [withCode('EACCES'), EXIT.failed, 'm', null],
  ])('%s', (error, code, message, hint) => {
    expect(judge(error)).toEqual({ code, message, hint });
  });

  it('a bug shows its stack, and is told from a failed node', () => {
    const { code, message } = judge(new TypeError('x is not a function'));
    expect(code).toBe(EXIT.bug);
    expect(message).toMatch(/^internal error: TypeError: x is not a function\n\s+at /);
    expect(judge('thrown text').message).toMatch(/^internal error: Error: thrown text/);
  });
});
