/**
 * Transparency log entries: was this signing put on record, where, and when (verification.md sections 6 to 8).
 *
 * For each entry: the log is known, its promise (SET) holds, its checkpoint is signed, the entry is included under that checkpoint, and
 * the entry is about this signing. An entry of an unknown log does not count; an entry of a known log that fails any check fails all.
 */
import { encodeBase64Bytes } from './base64.ts';
import type { LogEntry, LogInclusionProof } from './bundle.ts';
import { concat, equalBytes, toHex, utf8 } from './bytes.ts';
import { type Check, fail, group, pass, skip } from './check.ts';
import { type Checkpoint, isRekorV1Origin, originNames, parseCheckpoint } from './checkpoint.ts';
import { type Cosignature, checkCosignatures, type Witness } from './cosignature.ts';
import type { CryptoProvider } from './crypto.ts';
import { quote } from './errors.ts';
import { leafHash, rootFromInclusion } from './merkle.ts';
import { noteKeyId, noteScheme, signaturesOf } from './note.ts';
import { checkBody, isRekorV2 } from './rekor-body.ts';
import { verifySignature } from './signature.ts';
import type { SignedContent } from './signed-content.ts';
import { fromUnixSeconds, windowContains, windowText } from './time.ts';
import type { LogInstance } from './trusted-root.ts';

export interface LoggedEntry {
  readonly log: LogInstance;
  readonly logIndex: bigint;
  /** Authenticated by the log's SET; absent for Rekor v2 and for entries with a proof only. */
  readonly integratedTime: Date | undefined;
  /** Of the witnesses that the caller named. */
  readonly cosignatures: readonly Cosignature[];
}

export interface LogStage {
  readonly check: Check;
  /** Entries that passed every check. */
  readonly entries: readonly LoggedEntry[];
}

export interface LogDemands {
  readonly logs: readonly LogInstance[];
  readonly threshold: number;
  readonly witnesses: readonly Witness[];
  readonly witnessThreshold: number;
  readonly crypto: CryptoProvider;
}

export async function checkLogEntries(entries: readonly LogEntry[], signed: SignedContent, demands: LogDemands): Promise<LogStage> {
  const { threshold } = demands;
  const checks: Check[] = [...duplicateChecks(entries)];
  const logged: LoggedEntry[] = [];
  for (const entry of entries) {
    const result = await checkEntry(entry, signed, demands);
    checks.push(result.check);
    if (result.logged !== undefined) logged.push(result.logged);
  }
  if (threshold > 0) checks.push(checkThreshold(logged, threshold, checks));
  if (checks.length === 0) return { check: skip('tlog', 'no transparency log entry is demanded, and none is there', { optional: true }), entries: [] };
  const recorded = `recorded in ${logged.length} transparency log ${logged.length === 1 ? 'entry' : 'entries'}`;
  const check = group('tlog', { pass: recorded, fail: 'no transparency log vouches for this signing' }, checks);
  return { check, entries: check.status === 'pass' ? logged : [] };
}

/** Copies of one entry must never add up to a threshold. */
function duplicateChecks(entries: readonly LogEntry[]): Check[] {
  const seen = new Set<string>();
  return entries.flatMap((entry) => {
    const position = `${toHex(entry.logId)} ${entry.logIndex}`;
    if (seen.has(position)) return [fail('tlog.duplicate', 'TLOG_DUPLICATE', `two entries are at index ${entry.logIndex} of the same log`)];
    seen.add(position);
    return [];
  });
}

function checkThreshold(logged: readonly LoggedEntry[], threshold: number, entries: readonly Check[]): Check {
  const id = 'tlog.threshold';
  const operators = new Set(logged.map((entry) => entry.log.operator));
  const details = { expected: `at least ${threshold}`, found: String(operators.size), spec: 'verification.md section 5' };
  if (operators.size >= threshold) return pass(id, `entries of ${operators.size} trusted ${operators.size === 1 ? 'log' : 'logs'}`, details);
  if (entries.length === 0) return fail(id, 'TLOG_THRESHOLD', 'the signing is on record in no transparency log', { ...details, hint: NOT_LOGGED });
  if (entries.some((entry) => entry.status !== 'pass' && !entry.optional)) return skip(id, 'not counted: an entry of a trusted log was refused or not decided');
  if (entries.every((entry) => entry.optional)) return fail(id, 'TLOG_UNKNOWN_LOG', 'no entry is of a log in the trusted root', details);
  return fail(id, 'TLOG_THRESHOLD', 'too few verified entries of trusted logs', details);
}

async function checkEntry(entry: LogEntry, signed: SignedContent, demands: LogDemands): Promise<{ check: Check; logged?: LoggedEntry }> {
  const { logs, crypto } = demands;
  const log = findLog(entry, logs);
  const evidence = { logId: toHex(entry.logId), logIndex: entry.logIndex.toString(), kind: `${entry.kind} ${entry.version}` };
  if (log === undefined) {
    const known = logs.map((candidate) => `${candidate.baseUrl || 'log'} (${toHex(candidate.logId).slice(0, 16)}…)`).join(', ');
    const unknown = fail('tlog.entry.log', 'TLOG_UNKNOWN_LOG', 'the log is not in the trusted root', {
      expected: known || 'no log is trusted',
      found: `${evidence.logId.slice(0, 16)}…`,
    });
    return { check: group('tlog.entry', `entry ${entry.logIndex} of an unknown log does not count`, [unknown], { evidence, optional: true }) };
  }

  const promise = await checkPromise(entry, log, crypto);
  const inclusion = await checkInclusion(entry, log, demands);
  const body = await checkBody(entry, signed, crypto);
  const known = pass('tlog.entry.log', `the log is ${log.baseUrl || 'a trusted one'}`);
  const checks = [known, ...promise.checks, ...inclusion.checks, body];
  const name = `entry ${entry.logIndex} of ${log.baseUrl || 'the log'}`;
  const check = group('tlog.entry', { pass: name, fail: `${name} is refused` }, checks, { evidence });
  if (check.status !== 'pass') return { check };
  return { check, logged: { log, logIndex: entry.logIndex, integratedTime: promise.time, cosignatures: inclusion.cosignatures } };
}

/** A key may be listed twice with different windows: prefer the one that was valid. */
function findLog(entry: LogEntry, logs: readonly LogInstance[]): LogInstance | undefined {
  const candidates = logs.filter(
    (log) => equalBytes(log.logId, entry.logId) || (log.checkpointKeyId !== undefined && equalBytes(log.checkpointKeyId, entry.logId)),
  );
  const time = fromUnixSeconds(entry.integratedTime);
  return candidates.find((log) => time !== undefined && windowContains(log.window, time)) ?? candidates[0];
}

/** The signed entry timestamp: the log's promise to include the entry, and the only thing that authenticates `integratedTime`. */
async function checkPromise(entry: LogEntry, log: LogInstance, crypto: CryptoProvider): Promise<{ checks: Check[]; time: Date | undefined }> {
  const id = 'tlog.entry.set';
  const set = entry.signedEntryTimestamp;
  if (isRekorV2(entry)) {
    if (set === undefined) return { checks: [], time: undefined };
    return { checks: [fail(id, 'TLOG_SET_UNEXPECTED', 'a Rekor v2 entry carries a signed entry timestamp')], time: undefined };
  }
  if (set === undefined) {
    return { checks: [skip(id, 'no signed entry timestamp: the integrated time proves nothing and is ignored', { optional: true })], time: undefined };
  }
  const time = fromUnixSeconds(entry.integratedTime);
  const valid = await verifySignature(crypto, log.key, log.scheme, setPayload(entry), set);
  if (!valid || time === undefined)
    return { checks: [fail(id, 'TLOG_SET_INVALID', 'the signed entry timestamp does not verify', { spec: 'verification.md section 6' })], time: undefined };

  const at = time.toISOString();
  const signed = pass(id, `the log promised at ${at} to include the entry`, { evidence: { integratedTime: at }, spec: 'verification.md section 6' });
  if (windowContains(log.window, time)) return { checks: [signed], time };
  const window = fail('tlog.entry.window', 'TLOG_KEY_WINDOW', 'the log key was not valid at the entry time', { expected: windowText(log.window), found: at });
  return { checks: [signed, window], time: undefined };
}

/** RFC 8785 text of four members in alphabetical order. `logIndex` is the position in the whole log, never that of the proof. */
function setPayload(entry: LogEntry): Uint8Array {
  const rest = `","integratedTime":${entry.integratedTime},"logID":"${toHex(entry.logId)}","logIndex":${entry.logIndex}}`;
  return concat(utf8('{"body":"'), encodeBase64Bytes(entry.body), utf8(rest));
}

interface Inclusion {
  readonly checks: readonly Check[];
  readonly cosignatures: readonly Cosignature[];
}

async function checkInclusion(entry: LogEntry, log: LogInstance, demands: LogDemands): Promise<Inclusion> {
  const { witnesses, witnessThreshold, crypto } = demands;
  const proof = entry.inclusionProof;
  if (proof === undefined)
    return {
      checks: witnessThreshold > 0 ? [fail('tlog.entry.witnesses', 'TLOG_WITNESS_THRESHOLD', 'there is no checkpoint that a witness could have cosigned')] : [],
      cosignatures: [],
    };
  const { check, checkpoint } = await checkCheckpoint(proof.checkpoint, log, isRekorV2(entry) ? 'v2' : 'v1', crypto);
  if (checkpoint === undefined) {
    return { checks: [check, skip('tlog.entry.inclusion', 'the inclusion proof was not checked: there is no trustworthy checkpoint')], cosignatures: [] };
  }
  const witnessed = await checkCosignatures(checkpoint, witnesses, witnessThreshold, crypto);
  return { checks: [check, ...witnessed.checks, ...(await checkInclusionProof(entry, proof, checkpoint, crypto))], cosignatures: witnessed.cosignatures };
}

/** Whether the entry is in the tree of this checkpoint; whose checkpoint that is, is settled apart. */
export async function checkInclusionProof(entry: LogEntry, proof: LogInclusionProof, checkpoint: Checkpoint, crypto: CryptoProvider): Promise<Check[]> {
  const id = 'tlog.entry.inclusion';
  const v2 = isRekorV2(entry);
  if (!v2 && (proof.treeSize !== checkpoint.treeSize || !equalBytes(proof.rootHash, checkpoint.rootHash))) {
    const mismatch = fail('tlog.entry.checkpoint.tree', 'TLOG_CHECKPOINT_MISMATCH', 'the inclusion proof is for another tree than its checkpoint', {
      expected: `size ${checkpoint.treeSize}, root ${toHex(checkpoint.rootHash)}`,
      found: `size ${proof.treeSize}, root ${toHex(proof.rootHash.subarray(0, 32))}`,
    });
    return [mismatch, skip(id, 'the inclusion proof was not checked: it is for another tree')];
  }

  const index = v2 ? entry.logIndex : proof.logIndex;
  const where = `index ${index} of ${checkpoint.treeSize}`;
  const leaf = await leafHash(crypto, entry.body);
  const root = await rootFromInclusion(crypto, leaf, { index, treeSize: checkpoint.treeSize, hashes: proof.hashes });
  const spec = 'RFC 9162 section 2.1.3.2';
  if (root === undefined) {
    return [fail(id, 'TLOG_INCLUSION_SHAPE', `a proof of ${proof.hashes.length} hashes cannot belong to ${where}`, { spec })];
  }
  if (!equalBytes(root, checkpoint.rootHash)) {
    return [
      fail(id, 'TLOG_INCLUSION_MISMATCH', `the proof for ${where} leads to another root`, { expected: toHex(checkpoint.rootHash), found: toHex(root), spec }),
    ];
  }
  return [pass(id, `the entry is included at ${where}`, { evidence: { rootHash: toHex(root) }, spec })];
}

/** Whether the log signed this checkpoint, and as its own. `rekor` is the version of the log's API, on which the form of its origin hangs. */
export async function checkCheckpoint(
  text: string,
  log: LogInstance,
  rekor: 'v1' | 'v2',
  crypto: CryptoProvider,
): Promise<{ check: Check; checkpoint?: Checkpoint }> {
  const id = 'tlog.entry.checkpoint';
  const spec = 'verification.md section 7';
  const parsed = parseCheckpoint(text);
  if ('problem' in parsed) return { check: fail(id, 'TLOG_CHECKPOINT_PARSE', `the checkpoint is malformed: ${parsed.problem}`, { spec }) };
  const { checkpoint } = parsed;

  // A log trusted by its key alone (a key file without a URL) is recognised by key id only.
  const names = log.baseUrl === '' ? [...new Set(checkpoint.note.signatures.map((signature) => signature.name))] : originNames(log.baseUrl);
  const signer = await findSigner(checkpoint, names, log, crypto);
  if (signer === undefined) {
    const found = checkpoint.note.signatures.map((signature) => `${quote(signature.name, 60)} (${toHex(signature.keyId)})`).join(', ');
    return {
      check: fail(id, 'TLOG_CHECKPOINT_UNSIGNED', 'the checkpoint carries no signature of the log', {
        expected: names.map((name) => quote(name, 100)).join(' or '),
        found,
        spec,
      }),
    };
  }
  for (const { signature } of signer.lines) {
    if (await verifySignature(crypto, log.key, noteScheme(log.key), utf8(checkpoint.note.body), signature)) continue;
    return { check: fail(id, 'TLOG_CHECKPOINT_SIGNATURE', `the signature of ${quote(signer.name, 100)} on the checkpoint does not verify`, { spec }) };
  }
  const origin = rekor === 'v2' ? signer.name : `${signer.name} - <tree id>`;
  const originFits =
    rekor === 'v2' ? checkpoint.origin === signer.name : isRekorV1Origin(checkpoint.origin) && checkpoint.origin.startsWith(`${signer.name} - `);
  if (!originFits)
    return {
      check: fail(id, 'TLOG_CHECKPOINT_ORIGIN', 'the checkpoint is of another log', { expected: quote(origin), found: quote(checkpoint.origin), spec }),
    };

  const others = checkpoint.note.signatures.length - signer.lines.length;
  const ignored = others > 0 ? `; ${others} signature ${others === 1 ? 'line' : 'lines'} of unknown keys ignored` : '';
  return {
    check: pass(id, `the log signed a tree of ${checkpoint.treeSize} entries${ignored}`, {
      evidence: { origin: checkpoint.origin, treeSize: checkpoint.treeSize.toString() },
      spec,
    }),
    checkpoint,
  };
}

async function findSigner(checkpoint: Checkpoint, names: readonly string[], log: LogInstance, crypto: CryptoProvider) {
  for (const name of names) {
    const lines = signaturesOf(checkpoint.note, name, await noteKeyId(crypto, name, log.key));
    if (lines.length > 0) return { name, lines };
  }
  return undefined;
}

const NOT_LOGGED = 'ask the signer to record the signing; where the key alone is trusted, accept it with --log-threshold 0 (cosign: --insecure-ignore-tlog)';
