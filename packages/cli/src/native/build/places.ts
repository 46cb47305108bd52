/** Where people keep the evidence of a file: beside it, under the names that the field's tools write. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** In the order in which they are read: provenance first. `digest`: `sha256:HEX` of the file, where it is known. */
export function evidencePlaces(file: string, digest: string | undefined): string[] {
  const folder = existsSync(file) ? dirname(file) : '.';
  const beside = existsSync(file) ? [...PROVENANCE, ...SIGNATURES].map((ending) => `${file}${ending}`) : [];
  return [...beside.slice(0, PROVENANCE.length), ...shared(folder, digest), ...beside.slice(PROVENANCE.length)];
}

/** Of many files at once; and what `gh attestation download` writes. */
function shared(folder: string, digest: string | undefined): string[] {
  const downloaded = digest === undefined ? [] : [`${digest}.jsonl`, `${digest.replace(':', '-')}.jsonl`];
  return ['multiple.intoto.jsonl', ...downloaded].map((name) => join(folder, name));
}

const PROVENANCE = ['.intoto.jsonl', '.build.slsa', '.intoto.build.slsa', '.provenance.json', '.attestation.json'];
const SIGNATURES = ['.sigstore.json', '.sigstore', '.sigstore.jsonl'];
