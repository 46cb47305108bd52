/** Log entries, promises, checkpoints and inclusion proofs (verification.md sections 6 and 7). */
import { concat, decodeBase64, encodeBase64, utf8 } from '@assay/core';
import { type EntryProof, encodeEntryBody, generateKey, type LogEntry, MerkleTree, type SetFields, signatureLine, signNote } from '@assay/make';
import { flip } from '../byte-edit.ts';
import { DEFAULT_IDENTITY } from '../claims.ts';
import type { Instance } from '../instance.ts';
import { all, put } from '../json-edit.ts';
import { type AnyRekorLog, RekorV1Log, signText } from '../logs.ts';
import type { Alterations } from '../sample.ts';
import { type Base, BOTH_TIMES, type DefectRow, OLD, REKOR_V2 } from './defect.ts';

/** Signs the entry timestamp over changed fields: the promise is genuine, but for something else. */
function promiseFor(changeFields: (fields: SetFields) => SetFields): Alterations {
  return {
    logged: (entry, log) => {
      const { body, logId, logIndex, integratedTime = 0 } = entry;
      return { ...entry, signedEntryTimestamp: (log as RekorV1Log).signEntry(changeFields({ body, logId, logIndex, integratedTime })) };
    },
  };
}

const withEntry = (by: (entry: LogEntry, log: AnyRekorLog) => LogEntry): Alterations => ({ logged: by });

const withProof = (by: (proof: EntryProof, log: AnyRekorLog) => Partial<EntryProof>): Alterations =>
  withEntry((entry, log) => ({ ...entry, proof: { ...(entry.proof as EntryProof), ...by(entry.proof as EntryProof, log) } }));

/** Changes the body of the checkpoint, signed by the log as it then stands. */
const withCheckpointBody = (by: (lines: string[], log: AnyRekorLog) => readonly string[]): Alterations =>
  withProof(({ checkpoint }, log) => {
    const [body = ''] = checkpoint.split('\n\n');
    return { checkpoint: signText(`${by(body.split('\n'), log).join('\n')}\n`, log.signer) };
  });

/** Changes the text of the checkpoint; the signature stays. */
const withCheckpoint = (by: (text: string, log: AnyRekorLog, body: string) => string): Alterations =>
  withProof(({ checkpoint }, log) => ({ checkpoint: by(checkpoint, log, `${checkpoint.split('\n\n')[0]}\n`) }));

/** Changes the bytes of the signature line: four of the key id, then the signature. */
const withSignatureBytes = (by: (bytes: Uint8Array) => Uint8Array): Alterations =>
  withCheckpoint((text) => text.replace(/ (\S+)\n$/, (_, base64: string) => ` ${encodeBase64(by(decodeBase64(base64) as Uint8Array))}\n`));

/** A window that had closed, or had not opened, when the sample was signed. */
const CLOSED = { start: new Date('2025-01-01T00:00:00Z'), end: new Date('2026-01-01T00:00:00Z') };
const NOT_YET = { start: new Date('2026-08-24T23:30:00Z') };

function loggedAgain([entry]: LogEntry[], { rekorV1, now }: Instance): LogEntry[] {
  const { body, kind, version } = entry as LogEntry;
  const again = rekorV1.append({ body, kind, version }, new Date(now.getTime() - 59 * 60_000));
  return [entry as LogEntry, rekorV1.entry(again)];
}

const logs: readonly DefectRow[] = [
  {
    name: 'no-log-entry',
    code: 'TLOG_THRESHOLD',
    section: 5,
    says: 'The bundle has no log entry: the signing was never made public.',
    base: BOTH_TIMES,
    sign: { log: 'none' },
  },
  {
    name: 'log-key-retired',
    code: 'TLOG_KEY_WINDOW',
    section: 6,
    says: 'The log key had been retired before the entry was made.',
    instance: { windows: { rekorV1: CLOSED } },
  },
  { name: 'log-key-not-yet', code: 'TLOG_KEY_WINDOW', section: 6, says: 'The entry is older than the log key.', instance: { windows: { rekorV1: NOT_YET } } },
  {
    name: 'entry-twice',
    code: 'TLOG_DUPLICATE',
    section: 5,
    says: 'One entry was copied to reach a threshold of two.',
    alter: { entries: ([entry]) => [entry as LogEntry, entry as LogEntry] },
  },
  {
    name: 'log-threshold',
    code: 'TLOG_THRESHOLD',
    section: 5,
    says: 'One entry, and two logs are demanded.',
    policy: { identities: [DEFAULT_IDENTITY], tlogThreshold: 2 },
  },
  {
    name: 'log-threshold-one-log',
    code: 'TLOG_THRESHOLD',
    section: 5,
    says: 'The signing was logged twice in one log, which is still one log.',
    policy: { identities: [DEFAULT_IDENTITY], tlogThreshold: 2 },
    alter: { entries: loggedAgain },
  },
  {
    name: 'log-threshold-one-operator',
    code: 'TLOG_THRESHOLD',
    section: 3,
    says: 'Two logs of one operator count once.',
    base: { sign: { log: 'both', timestamp: true } },
    policy: { identities: [DEFAULT_IDENTITY], tlogThreshold: 2 },
    alter: { trustedRoot: all(put('tlogs.0.operator', 'testkit.example'), put('tlogs.1.operator', 'testkit.example')) },
  },
  {
    name: 'entry-of-unknown-log',
    code: 'TLOG_UNKNOWN_LOG',
    section: 6,
    says: 'The entry names a log id that nobody has.',
    alter: withEntry((entry) => ({ ...entry, logId: flip(entry.logId) })),
  },
  {
    name: 'v2-entry-of-unknown-log',
    code: 'TLOG_UNKNOWN_LOG',
    section: 7,
    says: 'The Rekor v2 entry names a log id cut to the four bytes that a checkpoint shows.',
    base: REKOR_V2,
    alter: withEntry((entry) => ({ ...entry, logId: entry.logId.subarray(0, 4) })),
  },
];

const promises: readonly DefectRow[] = [
  {
    name: 'set-other-body',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'The promise is genuine, but for another body.',
    alter: promiseFor((fields) => ({ ...fields, body: utf8('{}') })),
  },
  {
    name: 'set-other-time',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'integratedTime was moved, to bring a late signing into the life of the certificate.',
    alter: promiseFor((fields) => ({ ...fields, integratedTime: BigInt(fields.integratedTime) + 3600n })),
  },
  {
    name: 'set-other-log',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'The promise names another log.',
    alter: promiseFor((fields) => ({ ...fields, logId: flip(fields.logId) })),
  },
  {
    name: 'set-other-index',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'The promise is for another index.',
    alter: promiseFor((fields) => ({ ...fields, logIndex: BigInt(fields.logIndex) + 1n })),
  },
  {
    name: 'set-tree-index',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'The promise covers the index in the tree, not the global one.',
    alter: withEntry((entry, log) => ({
      ...entry,
      signedEntryTimestamp: (log as RekorV1Log).signEntry({
        body: entry.body,
        logId: entry.logId,
        integratedTime: entry.integratedTime ?? 0,
        logIndex: entry.proof?.logIndex ?? 0,
      }),
    })),
  },
  {
    name: 'set-time-changed-in-bundle',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'integratedTime was changed in the bundle by one second.',
    alter: withEntry((entry) => ({ ...entry, integratedTime: BigInt(entry.integratedTime ?? 0) + 1n })),
  },
  {
    name: 'set-signature-flipped',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'One bit of the promise is wrong while the inclusion proof is right: still fatal.',
    alter: withEntry((entry) => ({ ...entry, signedEntryTimestamp: flip(entry.signedEntryTimestamp as Uint8Array) })),
  },
  {
    name: 'set-other-key',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'The promise was made with another key.',
    alter: withEntry((entry) => ({ ...entry, signedEntryTimestamp: generateKey('p256').sign(utf8('x')) })),
  },
  {
    name: 'set-garbage',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'The promise is no signature at all.',
    alter: withEntry((entry) => ({ ...entry, signedEntryTimestamp: Uint8Array.of(1, 2, 3) })),
  },
  {
    name: 'set-trailing-byte',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'A byte follows the signature, which lenient DER readers ignore.',
    alter: withEntry((entry) => ({ ...entry, signedEntryTimestamp: concat(entry.signedEntryTimestamp as Uint8Array, Uint8Array.of(0)) })),
  },
  {
    name: 'set-invalid-without-need',
    code: 'TLOG_SET_INVALID',
    section: 6,
    says: 'A timestamp gives the time, yet a present promise must verify.',
    base: BOTH_TIMES,
    alter: withEntry((entry) => ({ ...entry, signedEntryTimestamp: flip(entry.signedEntryTimestamp as Uint8Array) })),
  },
  {
    name: 'set-on-v2-entry',
    code: 'TLOG_SET_UNEXPECTED',
    section: 6,
    says: 'A Rekor v2 entry carries a promise and a time, which that log does not sign.',
    base: REKOR_V2,
    alter: withEntry((entry, log) => ({ ...entry, integratedTime: 1_787_700_000, signedEntryTimestamp: log.key.sign(utf8('x')) })),
  },
];

const checkpoints: readonly DefectRow[] = [
  {
    name: 'checkpoint-no-blank-line',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'No blank line parts the signed text from its signatures.',
    alter: withCheckpoint((text) => text.replace('\n\n', '\n')),
  },
  {
    name: 'checkpoint-no-signature-line',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'Nothing follows the blank line.',
    alter: withCheckpoint((_, __, body) => `${body}\n`),
  },
  {
    name: 'checkpoint-no-final-newline',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The last signature line has no line feed.',
    alter: withCheckpoint((text) => text.slice(0, -1)),
  },
  {
    name: 'checkpoint-hyphen',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The signature line begins with a hyphen instead of an em dash.',
    alter: withCheckpoint((text) => text.replace('— ', '- ')),
  },
  {
    name: 'checkpoint-signature-not-base64',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The signature line is not base64.',
    alter: withCheckpoint((text) => text.replace(/ \S+\n$/, ' @@@@\n')),
  },
  {
    name: 'checkpoint-signature-short',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The signature line holds a key id and no signature.',
    alter: withSignatureBytes((bytes) => bytes.subarray(0, 4)),
  },
  {
    name: 'checkpoint-control-character',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The signed text holds a carriage return.',
    alter: withCheckpointBody(([origin, ...rest]) => [`${origin}\r`, ...rest]),
  },
  {
    name: 'checkpoint-without-origin',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The origin line was removed, and the rest signed.',
    alter: withCheckpointBody(([, ...rest]) => rest),
  },
  {
    name: 'checkpoint-empty-origin',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The origin line is empty.',
    alter: withCheckpointBody(([, ...rest]) => ['', ...rest]),
  },
  {
    name: 'checkpoint-without-size',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The size line was removed.',
    alter: withCheckpointBody(([origin, , root]) => [origin as string, root as string]),
  },
  {
    name: 'checkpoint-without-root',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The root hash line was removed.',
    alter: withCheckpointBody(([origin, size]) => [origin as string, size as string]),
  },
  {
    name: 'checkpoint-size-leading-zero',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The size has a leading zero.',
    alter: withCheckpointBody(([origin, size, root]) => [origin as string, `0${size}`, root as string]),
  },
  {
    name: 'checkpoint-size-negative',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The size is negative.',
    alter: withCheckpointBody(([origin, size, root]) => [origin as string, `-${size}`, root as string]),
  },
  {
    name: 'checkpoint-size-text',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The size is not a number.',
    alter: withCheckpointBody(([origin, , root]) => [origin as string, 'many', root as string]),
  },
  {
    name: 'checkpoint-short-root',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The root hash has 31 bytes.',
    alter: withCheckpointBody(([origin, size]) => [origin as string, size as string, encodeBase64(new Uint8Array(31))]),
  },
  {
    name: 'checkpoint-hex-root',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The root hash is hexadecimal.',
    alter: withCheckpointBody(([origin, size]) => [origin as string, size as string, 'ab'.repeat(32)]),
  },
  {
    name: 'v2-checkpoint-without-root',
    code: 'TLOG_CHECKPOINT_PARSE',
    section: 7,
    says: 'The Rekor v2 checkpoint has two lines.',
    base: REKOR_V2,
    alter: withCheckpointBody(([origin, size]) => [origin as string, size as string]),
  },
  {
    name: 'checkpoint-foreign-origin',
    code: 'TLOG_CHECKPOINT_ORIGIN',
    section: 7,
    says: 'The log signed a checkpoint whose origin is another host.',
    alter: withCheckpointBody(([origin, ...rest]) => [(origin as string).replace('rekor.', 'rekor2.'), ...rest]),
  },
  {
    name: 'checkpoint-origin-suffix',
    code: 'TLOG_CHECKPOINT_ORIGIN',
    section: 7,
    says: 'The origin only begins with the host of the log.',
    alter: withCheckpointBody(([origin, ...rest]) => [(origin as string).replace(' - ', '.evil.example - '), ...rest]),
  },
  {
    name: 'v2-checkpoint-foreign-origin',
    code: 'TLOG_CHECKPOINT_ORIGIN',
    section: 7,
    says: 'The Rekor v2 checkpoint names another shard as its origin.',
    base: REKOR_V2,
    alter: withCheckpointBody(([, ...rest]) => ['log2026-2.testkit.example', ...rest]),
  },
  {
    name: 'checkpoint-other-name',
    code: 'TLOG_CHECKPOINT_UNSIGNED',
    section: 7,
    says: "The signature line is under another name: a name that is part of the log's must not match.",
    alter: withCheckpoint((text) => text.replace('— rekor.testkit.example', '— rekor.testkit')),
  },
  {
    name: 'checkpoint-wrong-key-id',
    code: 'TLOG_CHECKPOINT_UNSIGNED',
    section: 7,
    says: 'The key id of the signature line is another.',
    alter: withSignatureBytes((bytes) => flip(bytes, 0)),
  },
  {
    name: 'v2-checkpoint-wrong-key-id',
    code: 'TLOG_CHECKPOINT_UNSIGNED',
    section: 7,
    says: 'The key id of the Rekor v2 signature line is another.',
    base: REKOR_V2,
    alter: withSignatureBytes((bytes) => flip(bytes, 3)),
  },
  {
    name: 'checkpoint-only-witness',
    code: 'TLOG_CHECKPOINT_UNSIGNED',
    section: 7,
    says: 'Only an unknown witness signed the checkpoint.',
    base: REKOR_V2,
    alter: withCheckpoint((_, __, body) => `${body}\n${signNote(body, { name: 'witness.example', key: generateKey('ed25519') })}`),
  },
  {
    name: 'checkpoint-signature-flipped',
    code: 'TLOG_CHECKPOINT_SIGNATURE',
    section: 7,
    says: 'One bit of the log signature is wrong.',
    alter: withSignatureBytes((bytes) => flip(bytes)),
  },
  {
    name: 'v2-checkpoint-signature-flipped',
    code: 'TLOG_CHECKPOINT_SIGNATURE',
    section: 7,
    says: 'One bit of the Rekor v2 signature is wrong.',
    base: REKOR_V2,
    alter: withSignatureBytes((bytes) => flip(bytes, 40)),
  },
  {
    name: 'checkpoint-forged',
    code: 'TLOG_CHECKPOINT_SIGNATURE',
    section: 7,
    says: 'Another key signed under the name and key id of the log.',
    alter: withCheckpoint((_, log, body) => `${body}\n${signatureLine(log.host, log.logId.subarray(0, 4), generateKey('p256').sign(utf8(body)))}`),
  },
  {
    name: 'checkpoint-second-line-bad',
    code: 'TLOG_CHECKPOINT_SIGNATURE',
    section: 7,
    says: 'A good line is followed by one of the same name and key id that does not verify.',
    alter: withCheckpoint((text, log) => `${text}${signatureLine(log.host, log.logId.subarray(0, 4), generateKey('p256').sign(utf8('x')))}`),
  },
  {
    name: 'checkpoint-text-changed',
    code: 'TLOG_CHECKPOINT_SIGNATURE',
    section: 7,
    says: 'An extension line was added to the signed text.',
    alter: withCheckpoint((text) => text.replace('\n\n', '\nTimestamp: 1\n\n')),
  },
  {
    name: 'proof-other-root',
    code: 'TLOG_CHECKPOINT_MISMATCH',
    section: 7,
    says: 'The root hash of the proof is not the one the log signed.',
    alter: withProof(({ rootHash }) => ({ rootHash: flip(rootHash) })),
  },
  {
    name: 'proof-other-size',
    code: 'TLOG_CHECKPOINT_MISMATCH',
    section: 7,
    says: 'The tree size of the proof is not the one the log signed.',
    alter: withProof(({ treeSize }) => ({ treeSize: BigInt(treeSize) + 1n })),
  },
  {
    name: 'checkpoint-of-earlier-tree',
    code: 'TLOG_CHECKPOINT_MISMATCH',
    section: 7,
    says: 'A genuine checkpoint of another moment was attached.',
    alter: withProof((_, log) => ({ checkpoint: log.checkpoint(log.tree.size - 1) })),
  },
  {
    name: 'checkpoint-of-earlier-tree-0.2',
    code: 'TLOG_CHECKPOINT_MISMATCH',
    section: 7,
    says: 'The same in a 0.2 bundle, whose promise is good.',
    base: OLD,
    alter: withProof((_, log) => ({ checkpoint: log.checkpoint(log.tree.size - 1) })),
  },
];

/** Index 4 in trees of 7 and 8 leaves: paths of three hashes in both. */
const SMALL_V2: Base = { ...REKOR_V2, instance: { fillers: { before: 4, after: 3 } } };

const proofs: readonly DefectRow[] = [
  {
    name: 'proof-index-beyond-tree',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'The index is the size of the tree.',
    alter: withProof(({ treeSize }) => ({ logIndex: treeSize })),
  },
  {
    name: 'proof-hash-missing',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'The path is one hash too short: an inner node could pass for a leaf.',
    alter: withProof(({ hashes }) => ({ hashes: hashes.slice(0, -1) })),
  },
  {
    name: 'proof-hash-added',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'The path is one hash too long.',
    alter: withProof(({ hashes }) => ({ hashes: [...hashes, hashes[0] as Uint8Array] })),
  },
  {
    name: 'proof-without-hashes',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'The path is empty in a tree of many leaves.',
    alter: withProof(() => ({ hashes: [] })),
  },
  {
    name: 'proof-short-hash',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'A hash of the path has 31 bytes.',
    alter: withProof(({ hashes: [first, ...rest] }) => ({ hashes: [(first as Uint8Array).subarray(1), ...rest] })),
  },
  {
    name: 'v2-proof-hash-missing',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'The Rekor v2 path is one hash too short.',
    base: REKOR_V2,
    alter: withProof(({ hashes }) => ({ hashes: hashes.slice(1) })),
  },
  {
    name: 'v2-index-beyond-tree',
    code: 'TLOG_INCLUSION_SHAPE',
    section: 7,
    says: 'The Rekor v2 index is beyond the signed size.',
    base: REKOR_V2,
    alter: withEntry((entry) => ({ ...entry, logIndex: 1000 })),
  },
  {
    name: 'proof-hash-flipped',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 7,
    says: 'One bit of a path hash is wrong.',
    alter: withProof(({ hashes: [first, ...rest] }) => ({ hashes: [flip(first as Uint8Array), ...rest] })),
  },
  {
    name: 'proof-hashes-swapped',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 7,
    says: 'Two hashes of the path changed places.',
    alter: withProof(({ hashes: [first, second, ...rest] }) => ({ hashes: [second as Uint8Array, first as Uint8Array, ...rest] })),
  },
  {
    name: 'proof-of-neighbour',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 7,
    says: 'The index in the tree is that of the neighbour.',
    alter: withProof(({ logIndex }) => ({ logIndex: Number(logIndex) ^ 1 })),
  },
  {
    name: 'v2-index-of-neighbour',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 7,
    says: 'The Rekor v2 index is that of the neighbour.',
    base: REKOR_V2,
    alter: withEntry((entry) => ({ ...entry, logIndex: Number(entry.logIndex) ^ 1 })),
  },
  {
    name: 'v2-checkpoint-of-later-tree',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 7,
    says: 'A genuine checkpoint of a larger tree with the proof of the smaller one.',
    base: SMALL_V2,
    alter: withProof(({ logIndex }, log) => ({ hashes: log.tree.inclusionProof(Number(logIndex), log.tree.size - 1) })),
  },
  {
    name: 'body-not-in-log',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 7,
    says: 'The body is in another tree than the log signed: the entry was never logged.',
    base: REKOR_V2,
    alter: unlogged,
  },
];

/** The entry with a proof from a tree of its own, beside the log's genuine checkpoint. */
function unlogged({ rekorV2 }: Instance): Alterations {
  return {
    logged: (entry) => {
      const tree = new MerkleTree();
      for (let i = 0; i < rekorV2.tree.size; i++)
        tree.append(i === Number(entry.logIndex) ? entry.body : encodeEntryBody({ kind: 'other', version: '1', spec: i }));
      return { ...entry, proof: { ...(entry.proof as EntryProof), hashes: tree.inclusionProof(Number(entry.logIndex)) } };
    },
  };
}

const mixedLogs: readonly DefectRow[] = [
  {
    name: 'checkpoint-of-other-log',
    code: 'TLOG_CHECKPOINT_UNSIGNED',
    section: 7,
    says: 'A genuine checkpoint of another trusted log was attached: the log of the entry must sign.',
    alter: ({ rekorV2 }) => withProof(() => ({ checkpoint: rekorV2.checkpoint() })),
  },
  {
    name: 'second-entry-broken',
    code: 'TLOG_INCLUSION_MISMATCH',
    section: 5,
    says: 'One entry is good and satisfies the threshold; the other is broken, and any failure fails.',
    base: { sign: { log: 'both', timestamp: true } },
    alter: { logged: (entry, log) => (log instanceof RekorV1Log ? entry : { ...entry, logIndex: Number(entry.logIndex) ^ 1 }) },
  },
  {
    name: 'proof-root-hash-empty',
    code: 'TLOG_CHECKPOINT_MISMATCH',
    section: 7,
    says: 'The proof of a Rekor v1 entry states no root hash.',
    alter: { bundle: put('verificationMaterial.tlogEntries.0.inclusionProof.rootHash', '') },
  },
];

export const logDefects: readonly DefectRow[] = [...logs, ...promises, ...checkpoints, ...proofs, ...mixedLogs];
