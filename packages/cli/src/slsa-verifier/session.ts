/** What the verifications of one run share: trust, the log, and how the end is told. */
import { type Check, catalogue, failFrom, isTrustError, quote, type Verification } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { decisiveFailure, type GithubJudgement, type ProvenanceTrust, refusalText } from '@assay/slsa';
import type { Context } from '../cobra/command.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { once } from '../once.ts';
import { styleFor } from '../render/style.ts';
import { renderTree } from '../render/tree.ts';
import { loadRoot } from '../trusted-root.ts';

export interface Session {
  readonly flags: ParsedFlags;
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly offline: boolean;
  /** Loaded once. */
  trust(): Promise<ProvenanceTrust>;
}

export function openSession(flags: ParsedFlags, context: Context): Session {
  const { io } = context;
  const offline = flags.bool('offline') || isOffline(io.env);
  return {
    flags,
    io,
    get signal() {
      return context.signal;
    },
    offline,
    trust: once(() => loadTrust(flags, offline, io)),
  };
}

async function loadTrust(flags: ParsedFlags, offline: boolean, io: Io): Promise<ProvenanceTrust> {
  const file = flags.text('trusted-root');
  const { root, check } = await loadRoot({ offline, ...(file !== '' && { trustedRoot: file }) }, io);
  if (check.warning !== undefined) io.stderr(`WARNING: ${check.warning}\n`);
  return { trustedRoot: root, crypto: nodeCrypto, now: io.now, findings: [check] };
}

/** The line about a build that holds. */
export function tellBuild(judgement: GithubJudgement | undefined, io: Io): void {
  const { builderId = '', commit = '' } = judgement ?? {};
  io.stderr(`Verified build using builder "${quote(builderId)}" at commit ${quote(commit)}\n`);
}

/** The signed bytes as they are, and a line end, where the flag asks for them. */
export function printStatement(
  payload: Uint8Array | undefined,
  flag: 'print-provenance' | 'print-attestation',
  { flags, io }: Pick<Session, 'flags' | 'io'>,
): void {
  if (payload === undefined || !flags.bool(flag)) return;
  io.stdout(payload);
  io.stdout('\n');
}

/** Everything held. The first line is what older releases ended with, which release guides still quote. */
export function passed({ io }: Pick<Session, 'io'>): void {
  io.stderr('PASSED: Verified SLSA provenance\nPASSED: SLSA verification passed\n');
}

/** What was refused before anything could be verified; told like what a verification finds. */
export class Refused extends CommandError {
  readonly check: Check;

  constructor(check: Check) {
    super(refusalText(check));
    this.check = check;
  }
}

/** Runs one verification and tells its end under `what`, `Verifying artifact FILE`; '' for commands without such a line. Throws `CommandError` with the text of the last line. */
export async function told<T extends Told>(what: string, { io, flags }: Pick<Session, 'io' | 'flags'>, verify: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await verify();
  } catch (error) {
    if (!(error instanceof CommandError) && !isTrustError(error)) throw error;
    const message = messageOf(error);
    const check = error instanceof Refused ? error.check : isTrustError(error) ? failFrom('input', error) : undefined;
    io.stderr(`${what === '' ? '' : `${what}: FAILED: ${message}\n\n`}${check === undefined ? '' : explanation(check, message)}`);
    throw new CommandError(message, 1, { cause: error });
  }
  const { root, ok } = result.verification;
  if (flags.bool('explain')) io.stderr(`${renderTree(root, styleFor(io), 'full')}\n`);
  if (ok) return result;
  const message = refusalText(root);
  io.stderr(`${what === '' ? '' : `${what}: FAILED: ${message}\n\n`}${explanation(root, message)}`);
  throw new CommandError(message, 1, { cause: root });
}

export interface Told {
  readonly verification: Pick<Verification, 'root' | 'ok'>;
}

/** What a person needs besides the reference's words: expected, found, and what to do. What the line `told` has said is not said again. */
function explanation(root: Check, told: string): string {
  const first = decisiveFailure(root);
  if (first === undefined) return '';
  const { says, code, expected, found, hint = code && catalogue[code].hint } = first;
  const lines = [
    says === told ? `  [${code}]` : `  ${says}  [${code}]`,
    ...(expected === undefined ? [] : [`  expected  ${expected}`]),
    ...(found === undefined ? [] : [`  found     ${found}`]),
    ...(hint === undefined ? [] : [`  try       ${hint}`]),
  ];
  return `${lines.map((line) => quote(line, MAX_LINE)).join('\n')}\n\n`;
}

const MAX_LINE = 1000;
