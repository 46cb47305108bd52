/** `cosign download signature` (cosign.md section 1): bundles, or else signatures in the older format; one line of JSON for each. */
import { encodeBase64, encodeGoJson, JsonError, type JsonValue, parseJson, parsePem, utf8 } from '@assay/core';
import { ANNOTATION, type Evidence } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { collect, collectBundles, type Download, refuseTooMany } from './download.ts';
import { withRegistry } from './images.ts';
import { oneLine } from './json-text.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { nameImage, readImage } from './stored-image.ts';

export const command: Command = {
  usage: 'download signature [flags] IMAGE',
  examples: '  cosign download signature registry.example/app:1.2.3',
  flags: REGISTRY_FLAGS,
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    // A digest needs no image: signatures may be all that a repository holds.
    const digest = image.reference.digest ?? (await readImage(image)).descriptor.digest;
    const download: Download = { image, digest, session, flags, context };
    const bundles = await collectBundles(download);
    for (const { content } of bundles) io.stdout(`${oneLine(content)}\n`);
    if (bundles.length > 0) return;
    const signatures = (await collect(download, { want: ['signatures'], only: 'tags' })).filter(({ format }) => format === 'payload');
    if (signatures.length === 0) {
      await readImage(image);
      throw new CommandError(`${typed}: no signatures associated`);
    }
    refuseTooMany(signatures, 'signatures');
    for (const signature of signatures) io.stdout(`${signatureLine(signature)}\n`);
  });
}

/** The members of cosign's own structure. Of certificates, whose structure is Go's, the DER. */
function signatureLine({ annotations, content }: Evidence): string {
  const members = {
    Base64Signature: encodeGoJson(annotations[ANNOTATION.signature] ?? ''),
    Payload: encodeGoJson(encodeBase64(content)),
    Cert: encodeGoJson(certificates(annotations[ANNOTATION.certificate])[0] ?? null),
    Chain: encodeGoJson(nonEmpty(certificates(annotations[ANNOTATION.chain]))),
    Bundle: attachedJson(annotations[ANNOTATION.bundle]),
    RFC3161Timestamp: attachedJson(annotations[ANNOTATION.timestamp]),
  };
  return `{${Object.entries(members)
    .map(([name, json]) => `"${name}":${json}`)
    .join(',')}}`;
}

/** As it was written; `null` for what is no JSON. */
function attachedJson(text: string | undefined): string {
  try {
    return text === undefined || parseJson(text) === null ? 'null' : oneLine(utf8(text));
  } catch (error) {
    if (error instanceof JsonError) return 'null';
    throw error;
  }
}

function certificates(pem: string | undefined): JsonValue[] {
  if (pem === undefined || pem === '') return [];
  return parsePem(pem).blocks.map(({ der }) => ({ Raw: encodeBase64(der) }));
}

function nonEmpty(list: JsonValue[]): JsonValue {
  return list.length === 0 ? null : list;
}
