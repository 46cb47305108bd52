/** `cosign attach signature` (cosign.md section 1): a signature that was made elsewhere, stored where verification looks for it. */
import { decodeUtf8, encodeSimpleSigning, parseCertificatesPem, parseFields, parseRekorBundle, parseSignatureFile, TrustError } from '@assay/core';
import { appendSignature, attachmentTag, referenceText, repositoryText, withDigest } from '@assay/oci';
import { rekorBundleJson, timestampJson } from '@assay/sign';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { attachBundleDocument, isBundle } from './attach-bundle.ts';
import { text } from './flags.ts';
import { withRegistry } from './images.ts';
import { readInput } from './read-input.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { digestOfImage, nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'attach signature [flags] IMAGE',
  examples: `  # a payload signed with another tool
  cosign generate registry.example/app:1.2.3 > app.json
  openssl dgst -sha256 -sign key.pem app.json | base64 -w0 > app.sig
  cosign attach signature --payload app.json --signature app.sig registry.example/app:1.2.3

  # a Sigstore bundle
  cosign attach signature --bundle app.sigstore.json registry.example/app:1.2.3`,
  flags: [
    ...REGISTRY_FLAGS,
    text('signature', 'file with the signature, base64 or raw; - for standard input'),
    text('payload', 'file with what was signed'),
    text('bundle', 'file with a Sigstore bundle; the same as --payload'),
    text('certificate', 'certificate of the signer, PEM'),
    text('certificate-chain', 'its issuers, PEM'),
    text('tsr', 'RFC 3161 timestamp response over the signature'),
    text('rekor-response', 'bundle of cosign 2 with the log entry'),
  ],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [typed = ''] = flags.positionals;
  const path = flags.text('payload') || flags.text('bundle');
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const digest = await digestOfImage(image);
    const to = session.side ?? image.repository;
    const given = path === '' ? undefined : await readInput(path, io);
    if (given !== undefined && isBundle(given)) {
      await attachBundleDocument(given, image, to, io);
      return;
    }
    const name = referenceText(withDigest(image.reference, digest));
    if (given === undefined) {
      io.stderr(`WARNING: using obsolete implied signature payload data (with digested reference ${name}); specify it explicitly with --payload instead\n`);
    }
    const payload = given ?? encodeSimpleSigning({ dockerReference: repositoryText(image.reference), digest });
    const signature = await readInput(flags.text('signature'), io);
    if (signature.length === 0) throw new CommandError('empty signature');
    await appendSignature(to, {
      tag: `${flags.text('attachment-tag-prefix')}${attachmentTag(digest, 'sig')}`,
      payload,
      signature: parseSignatureFile(signature),
      parts: {
        certificate: await pemFile(flags, 'certificate', context),
        chain: await pemFile(flags, 'certificate-chain', context),
        rekorBundle: await rekorResponse(flags.text('rekor-response'), context),
        timestamp: flags.text('tsr') === '' ? undefined : timestampJson([await readInput(flags.text('tsr'), io)]),
      },
    });
  });
}

/** As it is written. Errors: what holds no certificate. */
async function pemFile(flags: ParsedFlags, name: string, { io }: Context): Promise<string | undefined> {
  const path = flags.text(name);
  if (path === '') return undefined;
  const pem = decodeUtf8(await readInput(path, io)) ?? '';
  if (parseCertificatesPem(pem).length === 0) throw new TrustError('CERT_PARSE', `${path}: holds no PEM certificate`);
  return pem;
}

/** The log entry of cosign 2's bundle, or of a file that holds nothing else. */
async function rekorResponse(path: string, { io }: Context): Promise<string | undefined> {
  if (path === '') return undefined;
  const fields = parseFields(await readInput(path, io), { what: path, parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
  const entry = fields.has('SignedEntryTimestamp') ? fields : fields.optionalObject('rekorBundle');
  return entry && rekorBundleJson(parseRekorBundle(entry));
}
