/**
 * Program: the command line from arguments to an exit code.
 *
 * Not responsible for what verbs do (one file each), nor for the process (main.ts).
 */
import { Command, CommanderError } from 'commander';
import { EXIT, judge, RejectedWorkflow, type ExitCode } from './failure.js';
import { counted } from './format.js';
import { Terminal, type Stream } from './terminal.js';
import type { AnyVerb } from './verb.js';
import { VERBS, type VerbEntry } from './verbs.js';
import { packageVersion } from './version.js';

export interface Streams {
  readonly out: Stream;
  readonly err: Stream;
}

/** Carries out a command line (without node and the script). Never throws; the exit code says how it went. */
export async function runProgram(args: readonly string[], streams: Streams): Promise<ExitCode> {
  const terminal = new Terminal(streams.out, streams.err, {
    json: args.includes('--json'),
    colour: !args.includes('--no-colour') && !process.env['NO_COLOR'],
  });
  try {
    return await parse(withoutHelpVerb(args), streams, terminal);
  } catch (error) {
    return tell(error, terminal);
  }
}

/** `help run` is `run --help`. */
function withoutHelpVerb(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  return first === 'help' ? [...rest, '--help'] : [...args];
}

async function parse(args: string[], streams: Streams, terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = new Command('cohortflow')
    .usage('<verb> [options]')
    .description(
      'Runs biobank studies that are written as YAML: computes what is missing, keeps every result.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .commandsGroup('Verbs:')
    .addHelpText('after', '\nHelp on a verb: cohortflow <verb> --help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.out.write(text),
      writeErr: (text) => streams.err.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const entries = new Map<string, VerbEntry>();
  for (const entry of VERBS) {
    entries.set(entry.name, entry);
    program.command(entry.name).summary(entry.summary).copyInheritedSettings(program);
  }
  program.hook('preSubcommand', async (_, command) => {
    const entry = entries.get(command.name())!;
    const { verb } = await entry.load();
    configure(command, entry, verb);
    command.action(async (words: string[], flags: Record<string, unknown>) => {
      code = await verb.run(words, flags as never, terminal);
    });
  });
  await program.parseAsync(args, { from: 'user' });
  return code;
}

function configure(command: Command, entry: VerbEntry, verb: AnyVerb): void {
  const summary = `${entry.summary.charAt(0).toUpperCase()}${entry.summary.slice(1)}.`;
  const width = Math.max(...verb.examples.map(([line]) => line.length));
  const examples = verb.examples.map(([line, meaning]) => `  cohortflow ${line.padEnd(width)}  # ${meaning}`);
  command
    .usage(`${verb.usage} [options]`.trimStart())
    .description(verb.details === undefined ? summary : `${summary}\n\n${verb.details}`)
    .argument('[words...]')
    .configureHelp({ visibleArguments: () => [] })
    .addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  verb.options(command);
  command.option('--json', 'write JSON').option('--no-colour', 'no colours (also NO_COLOR)');
}

function tell(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    // Help that was asked for is no error; what is wrong was said already, on standard error.
    if (error.exitCode === 0) return EXIT.done;
    if (terminal.isJson) terminal.json({ error: { code: EXIT.usage, message: error.message } });
    return EXIT.usage;
  }
  if (error instanceof RejectedWorkflow) {
    if (terminal.isJson) terminal.json({ valid: false, diagnostics: error.diagnostics });
    else {
      for (const text of error.rendered) terminal.complain(`${text}\n`);
      terminal.complain(counted(error.errors, 'error'));
    }
    return EXIT.usage;
  }
  const { code, message, hint } = judge(error);
  if (terminal.isJson) terminal.json({ error: { code, message, ...(hint === null ? {} : { hint }) } });
  else {
    terminal.complain(code === EXIT.bug ? message : `error: ${message}`);
    if (hint !== null) terminal.complain(`hint: ${hint}`);
  }
  return code;
}
