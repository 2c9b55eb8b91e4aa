/** `cohortflow export`: writes results to files of the user's own, in the format that the file's extension names. */
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';
import type { ArtifactRef } from '../cache/artifact.js';
import type { Recorded, Subject } from '../engine/recorded.js';
import { EXIT, UserError } from './failure.js';
import { bytes, counted, instance, nearPath } from './format.js';
import { openRecords, recordedName, storeFolder, takeWorkflowFile } from './study.js';
import { chosenSubject, requireNode, runOption, type RunFlags } from './subject.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

interface ExportFlags extends WorkflowFlags, RunFlags {
  readonly output?: string;
}

interface Written {
  readonly node: string;
  readonly output: string;
  readonly item: string;
  readonly path: string;
  readonly bytes: number;
}

export const verb = defineVerb<ExportFlags>({
  usage: '[WORKFLOW.yaml] NODE[.PORT] [ITEM…] -o FILE',
  details:
    'The extension of FILE is the format: .csv, .tsv, .parquet, .json, .npy, or that of a figure.\nSeveral instances become a folder called like FILE without its extension, with one file for each.',
  examples: [
    ['export stack.metrics -o metrics.csv', 'a table'],
    ['export top fev -o fev.parquet', 'one instance'],
    ['export top -o top.csv', 'all instances: top/fev.csv, top/rdw.csv, …'],
  ],
  options(command) {
    storeOptions(command);
    runOption(command);
    command.option('-o, --output <file>', 'file to write; its extension is the format');
  },
  async run(words, flags, terminal) {
    const { file, rest } = takeWorkflowFile(words, flags);
    if (rest.length === 0) throw new UserError('name a node', 'cohortflow export NODE -o FILE');
    if (flags.output === undefined) throw new UserError('name the file to write: -o FILE');
    const format = extname(flags.output).slice(1).toLowerCase();
    if (format === '')
      throw new UserError(
        `${flags.output} has no extension, which names the format`,
        '.csv, .tsv, .parquet, .json, .npy',
      );
    const store = await openRecords(storeFolder(file, flags));
    try {
      const workflow = await recordedName(store, file, flags, terminal);
      const [{ exportArtifact }, { contentSize, writeContent }] = await Promise.all([
        import('../engine/export.js'),
        import('../engine/content.js'),
      ]);
      const subject = requireNode(await chosenSubject(store, workflow, rest, flags), 'copy it');
      const { output, refs } = await chooseResults(subject, format);
      const targets = await targetsOf(subject, refs, resolve(flags.output));
      for (const { path } of targets) refuseOverwriting(path, file, subject.recorded);
      const written: Written[] = [];
      for (const { ref, item, path } of targets) {
        const exported = await exportArtifact(store, ref, format);
        if ('problem' in exported)
          throw new UserError(`${instance(`${subject.node}.${output}`, item)}: ${exported.problem}`);
        mkdirSync(dirname(path), { recursive: true });
        writeContent(path, `${path}.${process.pid}.tmp`, exported);
        written.push({ node: subject.node, output, item, path, bytes: contentSize(exported) });
      }
      if (terminal.isJson) terminal.json(written);
      else {
        const size = bytes(written.reduce((sum, each) => sum + each.bytes, 0));
        const [only] = written;
        terminal.print(
          only && written.length === 1
            ? `${nearPath(only.path)}  ${size}`
            : `${counted(written.length, 'file')} in ${nearPath(dirname(only!.path))}${sep}  ${size}`,
        );
      }
      return EXIT.done;
    } finally {
      store.close();
    }
  },
});

interface Result {
  readonly ref: ArtifactRef;
  readonly at: number;
}

/** The output that is meant, and the results there are of it. @throws UserError */
async function chooseResults(
  subject: Subject & { kind: 'node' },
  format: string,
): Promise<{ output: string; refs: readonly Result[] }> {
  const [{ subjectInstances }, { formatsOf }] = await Promise.all([
    import('../engine/recorded.js'),
    import('../engine/export.js'),
  ]);
  const { recorded, node } = subject;
  const group = recorded.group(node)!;
  const found = subjectInstances(subject).flatMap((at) => {
    const outputs = group.outputs(at, recorded.store);
    return outputs ? [{ at, outputs }] : [];
  });
  if (found.length === 0)
    throw new UserError(`${node} has no result in run ${recorded.run.id}`, `cohortflow logs ${node}`);
  const { outputs } = found[0]!;
  const names = subject.output === null ? Object.keys(outputs) : [subject.output];
  const fitting = names.filter((name) => formatsOf(outputs[name]!).includes(format));
  const output =
    names.length === 1
      ? names[0]
      : fitting.length === 1
        ? fitting[0]
        : fitting.find((name) => name === 'table');
  if (output === undefined && fitting.length === 0)
    throw new UserError(
      `no output of ${node} can be written as .${format}`,
      names
        .map(
          (name) =>
            `${node}.${name}: ${
              formatsOf(outputs[name]!)
                .map((each) => `.${each}`)
                .join(', ') || 'none'
            }`,
        )
        .join('; '),
    );
  if (output === undefined)
    throw new UserError(
      `${node} has several outputs: ${fitting.join(', ')}`,
      `name one: cohortflow export ${node}.${fitting[0]!} …`,
    );
  return { output, refs: found.map(({ at, outputs: all }) => ({ at, ref: all[output]! })) };
}

/** Where each result goes: the file itself, or one file each in a folder. */
async function targetsOf(
  { recorded, node }: Subject & { kind: 'node' },
  results: readonly Result[],
  file: string,
): Promise<{ ref: ArtifactRef; item: string; path: string }[]> {
  const { escapeItem } = await import('../engine/item.js');
  const group = recorded.group(node)!;
  const extension = extname(file);
  const folder = file.slice(0, -extension.length);
  return results.map(({ ref, at }) => {
    const item = group.itemText(at);
    const name = Object.values(group.items(at)).map((each) => escapeItem(String(each)));
    const path = results.length === 1 ? file : join(folder, `${name.join(',')}${extension}`);
    return { ref, item, path };
  });
}

/** What a study is made from must not be lost to a slip. @throws UserError */
function refuseOverwriting(path: string, workflow: string, { graph, store }: Recorded): void {
  if (path.startsWith(store.folder + sep))
    throw new UserError(`${nearPath(path)} lies in the store, which is cohortflow's own`);
  if (!existsSync(path)) return;
  const real = realpathSync(path);
  const sources = [workflow, ...graph.files.map((each) => each.path)];
  if (sources.some((source) => existsSync(source) && realpathSync(source) === real))
    throw new UserError(`${nearPath(path)} is a file that the study is made from: it is not overwritten`);
}
