/** Telling how a verification ended: the text for people, JSON, or the pinned reference alone; and the exit status. */
import { type Check, catalogue, type ErrorKind, failures, verificationJson } from '@assay/core';
import { EXIT, exitOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../render/style.ts';
import { renderVerification, type Subject } from '../render/verification.ts';
import { buildJson, buildLines } from './build-facts.ts';
import type { JudgedEvidence } from './judging.ts';

export interface ReportFlags {
  readonly output: 'text' | 'json';
  readonly full?: boolean;
  readonly printRef?: boolean;
}

export interface Judged {
  readonly verification: JudgedEvidence;
  readonly subject: Subject;
  /** `HOST/REPOSITORY@DIGEST` of an image. */
  readonly pinned?: string;
}

/** One thing as a document, several as a document a line. Returns the exit status: that of the first that is refused. */
export function report(judged: readonly Judged[], flags: ReportFlags, io: Io): number {
  for (const [i, one] of judged.entries()) {
    if (flags.output === 'json') io.stdout(jsonOf(one, judged.length));
    else if (flags.printRef === true) printRef(one, flags, io);
    else io.stdout(`${i > 0 ? '\n' : ''}${textOf(one, flags, io)}`);
  }
  const refused = judged.find(({ verification }) => !verification.ok);
  return refused === undefined ? EXIT.accepted : exitOf(kindOf(refused.verification.root));
}

function jsonOf({ verification, subject, pinned }: Judged, count: number): string {
  const document = {
    ...verificationJson(verification),
    subject: subject.name,
    ...(verification.build && { build: buildJson(verification.build) }),
    ...(pinned !== undefined && { reference: pinned }),
  };
  return count === 1 ? `${JSON.stringify(document, null, 2)}\n` : `${JSON.stringify(document)}\n`;
}

/** For scripts: standard output holds what may be pulled, and nothing else. */
function printRef(one: Judged, flags: ReportFlags, io: Io): void {
  if (one.verification.ok && one.pinned !== undefined) io.stdout(`${one.pinned}\n`);
  else io.stderr(textOf(one, flags, io));
}

function textOf({ verification, subject }: Judged, flags: ReportFlags, io: Io): string {
  const { build } = verification;
  const told = build === undefined ? subject : { ...subject, digest: build.digest, facts: buildLines(build) };
  return renderVerification(verification, told, styleFor(io), flags.full === true ? 'full' : 'brief');
}

/** The first failure decides: a bundle that cannot be read is malformed input, not a refused signature. */
export function kindOf(root: Check): ErrorKind {
  const [first] = failures(root);
  return first?.code === undefined ? 'rejected' : catalogue[first.code].kind;
}
