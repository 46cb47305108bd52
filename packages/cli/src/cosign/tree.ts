/** `cosign tree` (cosign.md section 1): what belongs to an image, by where it lies. */
import { quote } from '@assay/core';
import { artifactTypeOf, attachmentTag, type Belonging, findBelongings, PREDICATE_TYPE, type StoredManifest } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool } from './flags.ts';
import { withRegistry } from './images.ts';
import { REFERRERS_MODE_FLAG, readReferrersMode } from './referrers-mode.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { nameImage, readImage } from './stored-image.ts';

export const command: Command = {
  usage: 'tree [flags] IMAGE',
  examples: '  cosign tree registry.example/app:1.2.3',
  flags: [
    ...REGISTRY_FLAGS,
    REFERRERS_MODE_FLAG,
    { ...bool('experimental-oci11', 'show referrers', { deprecated: 'OCI referrers will be the default behavior in future versions' }), default: 'true' },
  ],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const withReferrers = readReferrersMode(flags, io) === 'oci-1-1' || flags.bool('experimental-oci11');
  const [typed = ''] = flags.positionals;
  const tagPrefix = flags.text('attachment-tag-prefix');
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    io.stdout(`📦 Supply Chain Security Related artifacts for an image: ${typed}\n`);
    const { descriptor } = await readImage(image);
    const options = { image: image.repository, sideRepository: session.side, tagPrefix, depth: 'direct' as const };
    const { found, missed } = await findBelongings([descriptor.digest], options);
    const shown = found.filter(({ suffix, stored }) => (suffix === undefined ? withReferrers : digestsOf(stored).length > 0));
    for (const belonging of shown) io.stdout(sectionOf(belonging, tagPrefix));
    for (const { what, problem } of missed) io.stderr(`Error fetching artifact ${what}: ${quote(problem.message, 500)}\n`);
    if (shown.length > 0) return;
    io.stdout(`No Supply Chain Security Related Artifacts found for image ${typed},\n start creating one with simply running$ cosign sign <img>`);
  });
}

function sectionOf(belonging: Belonging, tagPrefix: string): string {
  const digests = digestsOf(belonging.stored);
  const layers = digests.map((digest, i) => `   ${i === digests.length - 1 ? '└──' : '├──'} 🍒 ${digest}\n`);
  return `└── ${headline(belonging, tagPrefix)}\n${layers.join('')}`;
}

function headline({ suffix, subject, stored, reader }: Belonging, tagPrefix: string): string {
  if (suffix !== undefined) return `${TITLES[suffix]} for an image tag: ${reader.name}:${tagPrefix}${attachmentTag(subject, suffix)}`;
  const type = stored.manifest.annotations[PREDICATE_TYPE] ?? artifactTypeOf(stored.manifest);
  return `🔗 ${quote(type, 500)} artifacts via OCI referrer: ${reader.name}@${stored.descriptor.digest}`;
}

function digestsOf({ manifest }: StoredManifest): string[] {
  return (manifest.kind === 'image' ? manifest.layers : manifest.manifests).map(({ digest }) => digest);
}

const TITLES = { sig: '🔐 Signatures', att: '💾 Attestations', sbom: '📦 SBOMs' } as const;
