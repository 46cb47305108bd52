/** `cosign triangulate` (cosign.md section 1): where cosign's older format keeps what belongs to an image, whether anything is there or not. */
import { type AttachmentSuffix, attachmentTag } from '@assay/oci';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { text } from './flags.ts';
import { withRegistry } from './images.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { SBOM_NOTICE } from './sbom-notice.ts';
import { digestOfImage, nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'triangulate [flags] IMAGE',
  examples: `  # the manifest that holds the signatures of an image
  crane manifest $(cosign triangulate registry.example/app:1.2.3)`,
  flags: [...REGISTRY_FLAGS, text('type', 'what to locate: signature, attestation, sbom or digest', { default: 'signature' })],
  arity: anyNumber,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [typed, ...more] = flags.positionals;
  if (typed === undefined || more.length > 0) throw new CommandError('flag: help requested');
  const type = flags.text('type');
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const suffix = SUFFIXES.get(type);
    if (suffix === undefined && type !== 'digest') throw new CommandError(`unknown attachment type ${type}`);
    if (suffix === 'sbom') io.stderr(SBOM_NOTICE);
    const digest = await digestOfImage(image);
    const { name } = session.side ?? image.repository;
    io.stdout(suffix === undefined ? `${name}@${digest}\n` : `${name}:${flags.text('attachment-tag-prefix')}${attachmentTag(digest, suffix)}\n`);
  });
}

const SUFFIXES: ReadonlyMap<string, AttachmentSuffix> = new Map([
  ['signature', 'sig'],
  ['attestation', 'att'],
  ['sbom', 'sbom'],
]);
