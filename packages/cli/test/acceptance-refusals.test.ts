/**
 * What every verify row of the acceptance table must refuse: the row's image with one thing wrong, the row's own command line, and the exit status and reason
 * that cosign has for it; and what is whole, which it must accept. Where the real cosign is there, it is asked the same.
 */
import { createInstance } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FORMATS, type Format, type Signing, withCertificateOf, withChangedPayload, withEntryOf } from './acceptance-evidence.ts';
import { VERIFY_ROWS, type VerifyRow } from './acceptance-rows.ts';
import { Stage } from './acceptance-stage.ts';
import { findTool } from './foreign-tools.ts';
import { type Run, Scratch } from './run-cli.ts';

const cosign = findTool('cosign', '3.1.3');
if (cosign.path === '') console.warn('refusals are not compared with the real cosign: no cosign 3.1.3 in ASSAY_TESTBED or on PATH');

const scratch = new Scratch();
const instance = createInstance({ now: new Date() }); // cosign has no other clock
const ROOT = scratch.write('root.json', instance.trustedRoot());

interface Wrong {
  readonly wrong: string;
  readonly change?: Partial<Pick<VerifyRow, 'signer' | 'annotations'>>;
  /** `other` is another signing of the same image by the same signer. */
  readonly alter?: (own: Signing, other: Signing) => Signing;
  /** `signed` when absent. */
  readonly image?: 'unsigned' | 'absent';
  readonly words?: (words: readonly string[]) => readonly string[];
  /** What follows `no matching …: `. Digests are HEX. `envelope` is of attestations as layers, where it is another. */
  readonly says?: Readonly<Record<Format, string> & { envelope?: string }>;
}

const adding =
  (...more: readonly string[]) =>
  (words: readonly string[]) => [...words, ...more];

const WRONGS: readonly Wrong[] = [
  {
    wrong: 'a tampered payload',
    alter: withChangedPayload,
    says: {
      bundle: 'failed to verify log inclusion: transparency log dsse/intoto entry payload hash HEX does not match envelope payload hash HEX',
      layer: 'error verifying bundle: matching bundle to payload: bundle="HEX", payload="HEX"',
    },
  },
  {
    wrong: 'a tampered payload, the log ignored at a time when the certificate was valid',
    alter: withChangedPayload,
    change: { signer: { signedAt: instance.now } },
    words: adding('--insecure-ignore-tlog'),
    says: {
      bundle: 'failed to verify signature: could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1',
      layer: 'invalid signature when validating ASN.1 encoded signature',
      envelope: 'accepted signatures do not match threshold, Found: 0, Expected 1',
    },
  },
  {
    wrong: 'a swapped certificate',
    alter: withCertificateOf,
    says: {
      bundle: 'failed to verify log inclusion: transparency log certificate does not match',
      layer: 'error verifying bundle: comparing public key PEMs',
    },
  },
  {
    wrong: 'an expired certificate without log time',
    change: { signer: { log: 'none', timestamp: false } },
    words: adding('--insecure-ignore-tlog'),
    says: {
      bundle: 'failed to verify leaf certificate: leaf certificate verification failed',
      layer: 'expected a signed timestamp to verify an expired certificate',
    },
  },
  {
    wrong: 'no log entry',
    change: { signer: { log: 'none', timestamp: false } },
    words: adding('--offline'),
    says: {
      bundle: 'failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1',
      layer: 'offline verification failed',
    },
  },
  {
    wrong: 'a log entry for another artifact',
    alter: withEntryOf,
    says: {
      bundle: 'failed to verify log inclusion: transparency log signature does not match',
      layer: 'error verifying bundle: signature in bundle does not match signature being verified',
    },
  },
  {
    wrong: 'another issuer',
    change: { signer: { oidcIssuer: 'https://issuer.example' } },
    says: {
      bundle:
        'failed to verify certificate identity: no matching CertificateIdentity found, last error: expected issuer value "ISSUER", got "https://issuer.example"',
      layer: 'none of the expected identities matched what was in the certificate, got subjects [SUBJECT] with issuer https://issuer.example',
    },
  },
  { wrong: 'an unsigned image', image: 'unsigned' },
  { wrong: 'an absent image', image: 'absent' },
  {
    wrong: 'a pattern with look-around',
    words: (words) => [...withoutIdentity(words), '--certificate-identity-regexp', '^https://(?!evil)'],
    says: {
      bundle: 'error parsing regexp: invalid or unsupported Perl syntax: `(?!`',
      layer: 'malformed subject in identity: ^https://(?!evil) : error parsing regexp: invalid or unsupported Perl syntax: `(?!`',
    },
  },
  {
    wrong: 'an annotation that is a number',
    change: { annotations: { build: 7 } },
    words: adding('-a', 'build=7'),
    says: { bundle: 'missing or incorrect annotation', layer: 'missing or incorrect annotation' },
  },
  {
    wrong: 'an annotation that is a boolean',
    change: { annotations: { build: true } },
    words: adding('-a', 'build=true'),
    says: { bundle: 'missing or incorrect annotation', layer: 'missing or incorrect annotation' },
  },
];

function withoutIdentity(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('--certificate-identity') && !/^--certificate-identity(?:-regexp)?$/.test(words[i - 1] ?? ''));
}

/** cosign does not compare the signature in the entry of an attestation, and finds the certificate to be another. */
const SAID_OTHERWISE = { 'a log entry for another artifact': 'error verifying bundle: comparing public key PEMs' } as Readonly<Record<string, string>>;

describe.each(VERIFY_ROWS)('row $row refuses', (row) => {
  const wrongs = WRONGS.filter(({ change, image }) => {
    if (row.attests !== undefined && change?.annotations !== undefined) return false;
    // A digest is believed: with its evidence elsewhere, nobody asks for the image.
    return row.side === undefined || image !== 'absent';
  });
  test.each(FORMATS.flatMap((format) => wrongs.map((wrong) => ({ ...wrong, format }))))('$wrong ($format)', async ({ format, ...wrong }) => {
    const stage = await Stage.open(row, scratch, ROOT);
    onTestFinished(() => stage.close());
    if (wrong.image !== 'unsigned') {
      const own = stage.sign(instance, format, wrong.change);
      stage.store(wrong.alter?.(own, stage.sign(instance, format, { ...wrong.change, annotations: { ...wrong.change?.annotations, another: 'one' } })) ?? own);
    }
    if (wrong.image === 'absent') stage.removeImage();

    const expected = expectedOf(row, wrong, format);
    const [our, their] = await Promise.all([stage.play(wrong.words), cosign.path === '' ? undefined : stage.playWith(cosign.path, wrong.words)]);
    expect(our).toMatchObject({ stdout: '' });
    expect(verdictOf(our, row)).toEqual(expected);
    if (their === undefined) return;
    const otherwise = row.attests !== undefined && format === 'layer' ? SAID_OTHERWISE[wrong.wrong] : undefined;
    expect(verdictOf(their, row)).toEqual(otherwise === undefined ? expected : { status: 1, reason: `no matching attestations: ${otherwise}` });
  });
});

describe.each(VERIFY_ROWS)('row $row accepts', (row) => {
  test.each(FORMATS)('what is whole (%s)', async (format) => {
    const stage = await Stage.open(row, scratch, ROOT);
    onTestFinished(() => stage.close());
    stage.store(stage.sign(instance, format));
    const our = await stage.play();
    expect(our, our.stderr).toMatchObject({ status: 0 });
    if (cosign.path === '') return;
    const their = await stage.playWith(cosign.path);
    expect(their, their.stderr).toMatchObject({ status: 0 });
    // cosign prints no certificate of bundles.
    const printed = ({ stdout }: Run) => (format === 'bundle' && row.attests === undefined ? criticalOf(stdout) : stdout);
    expect(printed(our)).toEqual(printed(their));
  });

  test.each(FORMATS)('an expired certificate without log time, when it was valid (%s)', async (format) => {
    const stage = await Stage.open(row, scratch, ROOT);
    onTestFinished(() => stage.close());
    const signedAt = new Date(instance.now.getTime() - 3_600_000);
    stage.store(stage.sign(instance, format, { signer: { log: 'none', timestamp: false, signedAt } }));
    const words = adding('--insecure-ignore-tlog');
    expect(await stage.play(words, new Date(signedAt.getTime() + 60_000))).toMatchObject({ status: 0 });
    expect((await stage.play(words, instance.now)).status).not.toBe(0);
  });
});

function criticalOf(stdout: string): unknown {
  return (JSON.parse(stdout) as { critical: unknown }[]).map(({ critical }) => critical);
}

/** cosign has exit statuses of their own for the older format of signatures, and 1 for everything else. */
function expectedOf({ attests, line, host, repository, tag }: VerifyRow, { image, says }: Wrong, format: Format): { status: number; reason: string } {
  const missing = `GET https://${host}/v2/${repository}/manifests/${tag}: MANIFEST_UNKNOWN: manifest unknown to registry; ${tag}`;
  const byTag = !/\$(?:PINNED|IMAGE_DIGEST|CHART_DIGEST)/.test(line);
  if (attests !== undefined) {
    if (image === 'absent') return { status: 1, reason: missing };
    const said = format === 'layer' ? (says?.envelope ?? says?.layer) : says?.bundle;
    return { status: 1, reason: `no matching attestations: ${said ?? ''}` };
  }
  if (image === 'absent' && byTag) return { status: 11, reason: `image tag not found: ${missing}` };
  if (says === undefined) return { status: 10, reason: 'no signatures found' };
  return format === 'layer'
    ? { status: 12, reason: `no matching signatures: ${says.layer}` }
    : { status: 1, reason: `no matching attestations: ${says.bundle}` };
}

/** What follows `Error: `, without what is of this run alone. */
function verdictOf({ status, stderr }: Run, { signer }: VerifyRow): { status: number; reason: string } {
  const text = /^Error: ([\s\S]*?)\nerror during command execution/m.exec(stderr)?.[1] ?? stderr;
  const reason = text
    .replace(/(comparing public key PEMs), expected [\s\S]*/, '$1')
    .replace(/[0-9a-f]{64}/g, 'HEX')
    .replace(/got subjects \[[^\]]*\]/, 'got subjects [SUBJECT]')
    .replace(/expected issuer value "[^"]*"/, 'expected issuer value "ISSUER"');
  const subject = signer.identity?.value ?? signer.githubClaims?.job_workflow_ref ?? '';
  if (text.includes('got subjects [') && !text.includes(subject)) return { status, reason: text };
  return { status, reason };
}
