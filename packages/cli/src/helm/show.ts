/** `show`: what is in a chart, wherever it is: a folder, an archive, a registry. */
import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { extname } from 'node:path/posix';
import { type Chart, isOciUrl, loadChartFolder, MAX_CHART_BYTES, metadataYaml, parseChart } from '@assay/oci/chart';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { readArchiveFile } from './archive-file.ts';
import { exactlyOne } from './arity.ts';
import { fetchChart } from './fetch.ts';
import { withFileErrors } from './files.ts';
import { CHART_FLAGS, text } from './flags.ts';
import { verifyArchive } from './verify.ts';

type Part = 'all' | 'chart' | 'crds' | 'readme' | 'values';

export function showCommand(tool: string, part: Part): Command {
  const usage = `show ${part} [CHART] [flags]`;
  return {
    usage,
    examples: `  # of a folder, and of an archive
  ${tool} show ${part} ./mychart
  ${tool} show ${part} mychart-1.2.3.tgz

  # of the highest release in a registry
  ${tool} show ${part} oci://quay.io/enix/charts/x509-certificate-exporter`,
    flags: [...CHART_FLAGS, ...(part === 'values' ? [text('jsonpath', 'not supported: pipe the values into a YAML tool', { hidden: true })] : [])],
    arity: exactlyOne(tool, usage),
    refuse(flags) {
      if (flags.text('jsonpath') !== '') throw new CommandError('--jsonpath is not supported here: pipe the values into a YAML tool');
    },
    run: async (flags, context) => context.io.stdout(Buffer.concat([...rendered(await locate(flags, context), part)])),
  };
}

/** What is on disk comes before what it could name elsewhere. */
async function locate(flags: ParsedFlags, context: Context): Promise<Chart> {
  const name = (flags.positionals[0] ?? '').trim();
  const stats = statSync(name, { throwIfNoEntry: false });
  const isVerified = flags.bool('verify');
  if (stats !== undefined) {
    const path = resolve(name);
    if (isVerified) await verifyArchive(path, flags, context.io);
    return stats.isDirectory() ? withFileErrors(path, () => loadChartFolder(path)) : parseChart(readArchiveFile(path, MAX_CHART_BYTES));
  }
  if (!isOciUrl(name) && (isAbsolute(name) || name.startsWith('.'))) throw new CommandError(`path "${name}" not found`);
  const { archive } = await fetchChart(name, flags, context, isVerified ? 'verify' : 'skip');
  return parseChart(archive);
}

function* rendered(chart: Chart, part: Part): Generator<Uint8Array, void, void> {
  const isAll = part === 'all';
  if (isAll || part === 'chart') yield* line(metadataYaml(chart.metadata));
  if ((isAll || part === 'values') && chart.values !== undefined) {
    if (isAll) yield* line('---');
    yield* line(chart.values);
  }
  const readme = chart.files.find(({ name }) => /^readme(?:\.md|\.txt)?$/i.test(name));
  if ((isAll || part === 'readme') && readme !== undefined) {
    if (isAll) yield* line('---');
    yield* line(readme.data);
  }
  if (isAll || part === 'crds') {
    const definitions = customResourceDefinitions(chart);
    const startsDocument = definitions[0] !== undefined && Buffer.from(definitions[0]).subarray(0, 3).toString() === '---';
    if (isAll && definitions.length > 0 && !startsDocument) yield* line('---');
    for (const definition of definitions) yield* line(definition);
  }
}

/** Its own, then those of the charts within. */
function customResourceDefinitions({ files, dependencies }: Chart): Uint8Array[] {
  const own = files.filter(({ name }) => name.startsWith('crds/') && /^\.(?:ya?ml|json)$/i.test(extname(name)));
  return [...own.map(({ data }) => data), ...dependencies.flatMap(customResourceDefinitions)];
}

function* line(content: string | Uint8Array): Generator<Uint8Array, void, void> {
  yield Buffer.from(content);
  yield NEW_LINE;
}

const NEW_LINE = Buffer.from('\n');
