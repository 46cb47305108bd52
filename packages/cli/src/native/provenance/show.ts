/** `assay provenance show THING`: who built it, from what and how, by the word of its evidence. It shows; it does not verify. */
import { existsSync, statSync } from 'node:fs';
import { MAX_BUNDLE_BYTES, TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { type EvidenceDocument, evidenceDocuments } from '@assay/slsa';
import { artifactSource } from '../../artifact-source.ts';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { readStandardInput } from '../../read-input.ts';
import { styleFor } from '../../render/style.ts';
import type { ImageFlags } from '../attestations.ts';
import { evidencePlaces } from '../build/places.ts';
import { thingOf } from '../thing.ts';
import { type Account, accountsOf } from './account.ts';
import { accountsJson } from './account-json.ts';
import { accountText } from './account-text.ts';

export interface ShowFlags extends ImageFlags {
  readonly output: 'text' | 'json';
}

/** Returns the exit status: 4 when nothing of what was found can be read. Errors: `FILE_…`, `OCI_…`, `NET_…`, `EVIDENCE_NOT_FOUND`. */
export async function runShow(thing: string, flags: ShowFlags, io: Io): Promise<number> {
  const found = await accountsFor(thing, flags, io);
  // What else is attached to an image is no answer to the question; in a file that was named, it is.
  const provenance = found.filter((account) => account.provenance !== undefined);
  const shown = provenance.length > 0 ? provenance : found;
  if (flags.output === 'json') io.stdout(accountsJson(shown));
  else io.stdout(shown.map((account) => accountText(account, styleFor(io))).join('\n'));
  return shown.every(({ problem }) => problem !== undefined) ? EXIT.malformed : EXIT.accepted;
}

async function accountsFor(argument: string, flags: ShowFlags, io: Io): Promise<Account[]> {
  const thing = thingOf(argument);
  if (thing.kind === 'file' && thing.name === '-') return accountsIn(evidenceDocuments(await readStandardInput(io)), 'standard input');
  if (thing.kind === 'file') return accountsOfFile(thing.name, io);
  const { accountsOfImage } = await import('./image-accounts.ts');
  const accounts = await accountsOfImage(thing, flags, io);
  if (accounts.length > 0) return accounts;
  throw new TrustError('EVIDENCE_NOT_FOUND', `${argument}: no attestation was found`, {
    hint: 'name the repository that holds its evidence with --side-repository',
  });
}

/** Evidence itself, or a file that has some beside it. */
async function accountsOfFile(path: string, io: Io): Promise<Account[]> {
  const documents = existsSync(path) && statSync(path).size <= MAX_BUNDLE_BYTES ? documentsIn(path) : [];
  if (documents.some(({ form }) => form !== 'unknown')) return accountsIn(documents, path);
  const sha256 = await (await artifactSource(path, io).open(['sha256'], nodeCrypto)).digest('sha256', nodeCrypto);
  const places = evidencePlaces(path, sha256 && `sha256:${toHex(sha256)}`).filter((place) => existsSync(place));
  const accounts: Account[] = [];
  for (const place of places) accounts.push(...(await accountsIn(documentsIn(place), place)));
  if (accounts.length > 0) return accounts;
  throw new TrustError('EVIDENCE_NOT_FOUND', `${path}: neither evidence nor a file that has some beside it`, {
    hint: 'name the file of evidence; of a GitHub release: assay gh attestation download FILE --repo OWNER/REPO',
  });
}

function documentsIn(path: string): EvidenceDocument[] {
  return evidenceDocuments(readFileCapped(path, MAX_BUNDLE_BYTES));
}

async function accountsIn(documents: readonly EvidenceDocument[], place: string): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const [i, document] of documents.entries()) {
    accounts.push(...(await accountsOf(document, documents.length === 1 ? place : `${place}, ${i + 1} of ${documents.length}`)));
  }
  return accounts;
}
