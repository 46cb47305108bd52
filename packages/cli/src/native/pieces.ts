/** Pieces of evidence from several places as one verification: what was accepted, what was not, and where was looked. */
import { basename } from 'node:path';
import { type Artifact, type Check, fail, MAX_BUNDLE_BYTES, pass, skip, toHex, type Verification } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import type { PlaceAnswer } from '@assay/oci';
import { isWeak, type JudgedEvidence, type Judging } from './judging.ts';

export interface Piece {
  /** Where it was, for people. */
  readonly reference: string;
  readonly verification: JudgedEvidence;
}

/** A file of evidence, with what names it. Errors: `FILE_…`. */
export async function filePiece(path: string, artifact: Artifact, { judgeContent }: Judging): Promise<Piece> {
  const content = readFileCapped(path, MAX_BUNDLE_BYTES);
  const verification = await judgeContent(content, artifact);
  return { reference: path, verification: await withSource(verification, `file:${encodeURIComponent(basename(path))}`, content) };
}

/** `content`: the bytes of the evidence. */
export async function withSource(verification: JudgedEvidence, uri: string, content: Uint8Array): Promise<JudgedEvidence> {
  return verification.ok ? { ...verification, source: { uri, sha256: toHex(await nodeCrypto.hash('sha256', content)) } } : verification;
}

/** Collects pieces until one is enough. */
export class Pieces {
  readonly refused: Piece[] = [];
  readonly answers: PlaceAnswer[] = [];
  #accepted: Piece | undefined;

  get accepted(): Piece | undefined {
    return this.#accepted;
  }

  /** Whether nothing better can come. */
  get isEnough(): boolean {
    return this.#accepted !== undefined && !isWeak(this.#accepted.verification);
  }

  add(piece: Piece): void {
    if (!piece.verification.ok) this.refused.push(piece);
    else if (this.#accepted === undefined || (isWeak(this.#accepted.verification) && !isWeak(piece.verification))) this.#accepted = piece;
  }
}

/** `places`: where was looked besides, for those who want to know. */
export function acceptedPiece(
  { reference, verification }: Piece,
  refused: readonly Piece[],
  findings: readonly Check[],
  places: readonly Check[] = [],
): JudgedEvidence {
  const others = refused.map((piece) => ({ ...refusedPiece(piece), optional: true as const }));
  const checks = [pass('find', `evidence: ${reference}`), ...findings, ...(verification.root.checks ?? []), ...others, ...places];
  return { ...verification, root: { ...verification.root, checks } };
}

export function refusedPiece({ reference, verification }: { readonly reference: string; readonly verification: Verification }): Check {
  return { ...verification.root, id: 'evidence', says: `${reference} does not hold` };
}

/** Told and decided by nothing: where was looked, and what each place answered. Files that are not there are told at once. */
export function placeChecks(answers: readonly PlaceAnswer[]): Check[] {
  const absent = answers.filter(({ says }) => says === NO_SUCH_FILE).map(({ place }) => place);
  const told = answers.filter(({ says }) => says !== NO_SUCH_FILE);
  return [
    ...(absent.length === 0 ? [] : [skip('find.place', `${NO_SUCH_FILE}: ${absent.join(', ')}`, { optional: true })]),
    ...told.map(({ place, says }) => skip('find.place', `asked ${place}: ${says}`, { optional: true, evidence: { place } })),
  ];
}

export const NO_SUCH_FILE = 'no such file';

/** A place that could not be asked may hold the evidence: that is not the same as a thing without any. `hint` is made when it is needed. */
export async function nothingFound(what: string, answers: readonly PlaceAnswer[], hint: () => Promise<string>): Promise<Check> {
  const problem = answers.find((answer) => answer.problem !== undefined)?.problem;
  if (problem !== undefined)
    return fail('find', problem.code, 'a place that may hold the evidence could not be asked', { found: problem.message, hint: problem.hint });
  const found = answers.length === 1 ? 'nothing in the one place that was asked' : `nothing in the ${answers.length} places that were asked`;
  return fail('find', 'EVIDENCE_NOT_FOUND', `no evidence was found for ${what}`, { found, hint: await hint() });
}

/** Nearer places come first: they cost nothing, and tell nobody what is verified. */
export async function askForge(pieces: Pieces, artifact: Artifact, { askForge: ask, judge, keep }: Judging): Promise<void> {
  if (ask === undefined) return;
  const { answer, bundles, uri } = await ask(artifact);
  pieces.answers.push(answer);
  for (const [i, bundle] of bundles.entries()) {
    const verification = await withSource(await judge(bundle, artifact), uri, bundle);
    pieces.add({ reference: `${answer.place}, ${i + 1} of ${bundles.length}`, verification });
    if (!pieces.isEnough) continue;
    keep?.(new TextDecoder().decode(bundle));
    return;
  }
}
