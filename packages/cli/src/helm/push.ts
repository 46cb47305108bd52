/** `push`: an archive, and the provenance beside it, to a registry. */
import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { readFileCapped } from '@assay/net/file';
import { isOciUrl, MAX_CHART_BYTES, parseChart, parseChartReference, pushChart } from '@assay/oci/chart';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { withRepository } from './access.ts';
import { readArchiveFile } from './archive-file.ts';
import { atLeast } from './arity.ts';
import { REGISTRY_FLAGS } from './flags.ts';
import { underscoreNotice } from './notice.ts';

const USAGE = 'push [chart] [remote] [flags]';

export function pushCommand(tool: string): Command {
  return {
    usage: USAGE,
    examples: `  # to ghcr.io/owner/charts/mychart, under the tag 1.2.3; mychart-1.2.3.tgz.prov goes with it
  ${tool} push mychart-1.2.3.tgz oci://ghcr.io/owner/charts

  # with a login of its own
  ${tool} push mychart-1.2.3.tgz oci://registry.example/charts --username NAME --password "$TOKEN"`,
    flags: REGISTRY_FLAGS,
    arity: atLeast(2, tool, USAGE),
    run,
  };
}

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [path = '', remote = ''] = flags.positionals;
  checkRemote(remote);
  const archive = readChart(path);
  const { metadata } = await parseChart(archive);
  const { name, repository } = parseChartReference(posix.join(remote.slice('oci://'.length), metadata.name));
  const created = localTime(statSync(path).mtime);
  const provenance = existsSync(`${path}.prov`) ? readFileCapped(`${path}.prov`, MAX_PROVENANCE_BYTES) : undefined;
  const { tag, digest } = await withRepository(repository, flags, context, (to) => pushChart({ archive, metadata, provenance, created }, to));
  context.io.stderr(`Pushed: ${name}:${tag}\nDigest: ${digest}\n${tag.includes('_') ? underscoreNotice(`${name}:${tag}`) : ''}`);
}

function checkRemote(remote: string): void {
  const scheme = /^([a-zA-Z][a-zA-Z\d+.-]*):/.exec(remote)?.[1];
  if (scheme === undefined && /^[^/]*:/.test(remote)) throw new CommandError(`invalid chart URL format: ${remote}`);
  if (scheme === undefined) throw new CommandError('scheme prefix missing from remote (e.g. "oci://")');
  if (!isOciUrl(remote)) throw new CommandError(`scheme "${scheme}" not supported`);
}

function readChart(path: string): Uint8Array {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new CommandError(`${path}: no such file`);
  if (stats.isDirectory()) throw new CommandError('cannot push directory, must provide chart archive (.tgz)');
  return readArchiveFile(path, MAX_CHART_BYTES);
}

/** RFC 3339 in the time zone of this machine, as helm states when the archive was written. */
function localTime(time: Date): string {
  const offset = -time.getTimezoneOffset();
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const part = (minutes: number) => String(Math.trunc(minutes)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${part(Math.abs(offset) / 60)}:${part(Math.abs(offset) % 60)}`;
}

const MAX_PROVENANCE_BYTES = 5 * 1024 * 1024;
