/** `assay sbom query THING`: which packages of it are so. As `grep`: 0 when something matches, 1 when nothing does. */
import { TrustError } from '@assay/core';
import { encodePurls, encodeTable, oneLine, type Package, type Query, queryPackages } from '@assay/sbom';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { attestedContents, type ExtractFlags } from './attested.ts';
import { type Contents, contentsOf } from './contents.ts';
import type { InventoryFlags } from './inventory.ts';

export interface SbomQueryFlags extends InventoryFlags, Omit<ExtractFlags, 'output' | 'type' | 'sbom' | 'download'> {
  readonly name?: readonly string[];
  readonly contains?: readonly string[];
  readonly version?: readonly string[];
  readonly license?: readonly string[];
  readonly purl?: readonly string[];
  readonly type?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly layer?: readonly string[];
  readonly fromAttestation?: boolean;
  readonly output: QueryOutput;
}

export type QueryOutput = 'text' | 'json' | 'purl' | 'table';

/** Returns the exit status. Errors: `SBOM_…`, `USAGE`, those of making and of verifying. */
export async function runSbomQuery(thing: string, flags: SbomQueryFlags, io: Io): Promise<number> {
  const contents = await openContents(thing, flags, io);
  if ('status' in contents) return contents.status;
  const found = await queryPackages(contents.listed, queryOf(flags));
  if (flags.output === 'json' || found.length > 0) io.stdout(ENCODE[flags.output](found));
  return found.length > 0 ? EXIT.accepted : EXIT.rejected;
}

async function openContents(thing: string, flags: SbomQueryFlags, io: Io): Promise<Contents | { readonly status: number }> {
  if (flags.fromAttestation === true) {
    const { type: _, ...others } = flags;
    return attestedContents(thing, { ...others, output: undefined }, io);
  }
  const given = (['identity', 'identityRegexp', 'issuer', 'issuerRegexp', 'key', 'policy', 'bundle'] as const).find((name) => flags[name] !== undefined);
  if (given === undefined) return contentsOf(thing, flags, io);
  throw new TrustError('USAGE', 'who must have signed is said, but no attestation is asked for', { found: `--${given}`, hint: 'add --from-attestation' });
}

function queryOf({ name, contains, version, license, purl, type, dependsOn, layer }: SbomQueryFlags): Query {
  return { names: name, contains, versions: version, licenses: license, purls: purl, types: type, dependsOn, layers: layer };
}

const ENCODE: Readonly<Record<QueryOutput, (found: readonly Package[]) => string>> = {
  text: (found) => found.map((one) => `${oneLine(one.version === '' ? one.name : `${one.name}@${one.version}`)}\n`).join(''),
  json: (found) => `${JSON.stringify(found, null, 2)}\n`,
  purl: encodePurls,
  table: encodeTable,
};
