/** A file as a build: evidence beside it, and in the attestations of its forge; all of it in one tree, with what each place answered. */
import { existsSync } from 'node:fs';
import { toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { artifactSource } from '../../artifact-source.ts';
import type { Io } from '../../io.ts';
import type { JudgedEvidence, Judging } from '../judging.ts';
import { acceptedPiece, askForge, filePiece, NO_SUCH_FILE, nothingFound, Pieces, placeChecks, refusedPiece } from '../pieces.ts';
import { notFound } from '../verify-file.ts';
import { evidencePlaces } from './places.ts';

/** Errors: `USAGE`, `FILE_…`. */
export async function verifyFileBuild(file: string, bundle: string | undefined, judging: Judging, io: Io): Promise<JudgedEvidence> {
  const artifact = await artifactSource(file, io).open(['sha256', 'sha384', 'sha512'], nodeCrypto);
  const pieces = new Pieces();
  const sha256 = await artifact.digest('sha256', nodeCrypto);
  for (const place of bundle === undefined ? evidencePlaces(file, sha256 && `sha256:${toHex(sha256)}`) : [bundle]) {
    if (pieces.isEnough) break;
    if (bundle === undefined && !existsSync(place)) pieces.answers.push({ place, says: NO_SUCH_FILE });
    else pieces.add(await filePiece(place, artifact, judging));
  }
  if (pieces.accepted === undefined && bundle === undefined) await askForge(pieces, artifact, judging);
  const { accepted, refused, answers } = pieces;
  const findings = judging.options.findings ?? [];
  const places = placeChecks(answers);
  if (accepted !== undefined) return acceptedPiece(accepted, refused, findings, places);
  const found = refused.length > 0 ? refused.map(refusedPiece) : [await nothingFound(file === '-' ? 'standard input' : file, answers, async () => HINT)];
  return notFound(...findings, ...found, ...places);
}

const HINT = 'name the evidence with --bundle FILE; gh attestation download and the release page of a project are where it comes from';
