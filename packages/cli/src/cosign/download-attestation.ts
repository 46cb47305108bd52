/** `cosign download attestation` (cosign.md section 1): bundles, then attestations in the older format; one line of JSON for each. */
import { encodeGoJson, isTrustError, type JsonValue, parseBundle, parseFields, parseStatement } from '@assay/core';
import type { Evidence } from '@assay/oci';
import { predicateTypeOf } from '@assay/sign';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { collect, collectBundles, refuseTooMany } from './download.ts';
import { text } from './flags.ts';
import { withRegistry } from './images.ts';
import { oneLine } from './json-text.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { forPlatform, nameImage, readImage } from './stored-image.ts';

export const command: Command = {
  usage: 'download attestation [flags] IMAGE',
  examples: `  # the SBOM of one platform
  cosign download attestation --platform linux/amd64 --predicate-type cyclonedx registry.example/app:1.2.3`,
  flags: [
    ...REGISTRY_FLAGS,
    text('platform', 'os/architecture: of this image in an index'),
    text('predicate-type', 'only attestations of this type: a short name or a URI'),
  ],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [typed = ''] = flags.positionals;
  const wanted = flags.text('predicate-type') === '' ? undefined : predicateTypeOf(flags.text('predicate-type'));
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const platform = flags.text('platform');
    // A digest needs no image: attestations may be all that a repository holds.
    const named = platform === '' ? image.reference.digest : undefined;
    const digest = named ?? (await forPlatform(await readImage(image), platform, image)).descriptor.digest;
    const download = { image, digest, session, flags, context };
    const isWanted = (evidence: Evidence): boolean => wanted === undefined || predicateType(evidence) === wanted;
    const bundles = (await collectBundles(download)).filter(isWanted);
    const older = (await collect(download, { want: ['attestations'], only: 'tags' })).filter(({ format }) => format === 'envelope');
    refuseTooMany(older, 'attestations');
    const envelopes = older.filter(isWanted);
    for (const { content } of bundles) io.stdout(`${oneLine(content)}\n`);
    for (const envelope of envelopes) io.stdout(`${envelopeLine(envelope)}\n`);
    if (wanted !== undefined && bundles.length + envelopes.length === 0) throw new CommandError(`no attestations with predicate type '${wanted}' found`);
  });
}

/** Undefined for what is no attestation. */
function predicateType({ format, content }: Evidence): string | undefined {
  try {
    return parseStatement(format === 'bundle' ? bundlePayload(content) : fieldsOf(content).bytes('payload')).predicateType;
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function bundlePayload(bundle: Uint8Array): Uint8Array {
  const { content } = parseBundle(bundle, { allowCertificateChain: true });
  return content.kind === 'dsse' ? content.payload : new Uint8Array(0);
}

/** The members that cosign knows, in its order. Errors: `BUNDLE_PARSE`, `BUNDLE_SHAPE`. */
function envelopeLine({ content }: Evidence): string {
  const fields = fieldsOf(content);
  const signatures = fields
    .objects('signatures', MAX_SIGNATURES)
    .map((one): JsonValue => ({ keyid: one.optionalString('keyid') ?? '', sig: one.string('sig') }));
  return encodeGoJson({ payloadType: fields.string('payloadType'), payload: fields.string('payload'), signatures });
}

function fieldsOf(envelope: Uint8Array): ReturnType<typeof parseFields> {
  return parseFields(envelope, { what: 'attestation', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
}

const MAX_SIGNATURES = 100;
