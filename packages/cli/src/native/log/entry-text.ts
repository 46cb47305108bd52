/** An entry of a log for people, and for programs. */
import type { RecordedEntry, RecordedSigner } from '@assay/sign/monitor';
import { printable } from '../../render/printable.ts';

/** Lines below a heading of the caller. */
export function entryLines({ signers, digests, unread }: RecordedEntry): string {
  const lines = [
    ...signers.map((signer) => `  signer  ${signerText(signer)}`),
    ...digests.map((digest) => `  digest  ${printable(digest)}`),
    ...(unread ? ['  it says more that is not read here'] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function signerText({ names, issuers, key }: RecordedSigner): string {
  const name = names.map(printable).join(', ');
  const issuer = issuers.length === 0 ? '' : `, issuer ${issuers.map(printable).join(', ')}`;
  return `${name === '' ? '' : `${name}${issuer}, `}key sha256:${key}`;
}

export function entryJson({ kind, signers, digests, unread }: RecordedEntry): object {
  return { kind, signers, digests, unread };
}
