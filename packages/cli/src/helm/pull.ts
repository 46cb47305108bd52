/** `pull`: a chart from a registry to a file, or to a folder of its name. */
import { existsSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { expandChart } from '@assay/oci/chart';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { atLeast } from './arity.ts';
import { type FetchedChart, fetchChart } from './fetch.ts';
import { withFileErrors, writeWhole } from './files.ts';
import { bool, CHART_FLAGS, text } from './flags.ts';
import { verifiedText } from './verified.ts';

const USAGE = 'pull [chart URL | repo/chartname] [...] [flags]';

export function pullCommand(tool: string): Command {
  return {
    usage: USAGE,
    examples: `  # the highest release, as x509-certificate-exporter-VERSION.tgz in this folder
  ${tool} pull oci://quay.io/enix/charts/x509-certificate-exporter

  # a version, unpacked
  ${tool} pull oci://quay.io/enix/charts/x509-certificate-exporter --version 4.0.0 --untar

  # only if a key of the keyring signed it
  ${tool} pull oci://registry.example/charts/mychart --version ^1.2 --verify --keyring pubring.gpg`,
    flags: [
      text('destination', 'folder for the archive', { short: 'd', default: '.' }),
      bool('untar', 'unpack the chart instead of writing the archive'),
      text('untardir', 'folder, below that of --destination, in which to unpack', { default: '.' }),
      bool('prov', 'fetch the provenance, too, without verifying it'),
      ...CHART_FLAGS,
    ],
    arity: atLeast(1, tool, USAGE),
    run,
  };
}

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const provenance = flags.bool('verify') ? 'verify' : flags.bool('prov') ? 'want' : 'skip';
  for (const url of flags.positionals) {
    const chart = await fetchChart(url, flags, context, provenance);
    if (flags.bool('untar')) await unpack(chart, url, flags);
    else await save(chart, flags.text('destination'));
    if (chart.verified !== undefined) context.io.stdout(verifiedText(chart.verified));
  }
}

async function save({ fileName, archive, provenance }: FetchedChart, destination: string): Promise<void> {
  const path = join(destination, fileName);
  await writeWhole(path, archive);
  if (provenance !== undefined) await writeWhole(`${path}.prov`, provenance);
}

async function unpack({ archive }: FetchedChart, url: string, flags: ParsedFlags): Promise<void> {
  const untarFolder = flags.text('untardir');
  const into = isAbsolute(untarFolder) ? untarFolder : join(flags.text('destination'), untarFolder);
  // helm looks for the last part of what was typed, which need not be the name of the chart.
  const typed = join(into, basename(url));
  if (existsSync(typed)) throw new CommandError(`failed to untar: a file or directory with the name ${typed} already exists`);
  await withFileErrors(into, () => expandChart(archive, into));
}
