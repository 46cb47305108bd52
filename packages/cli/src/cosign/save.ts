/** `cosign save` (cosign.md section 1): an image with everything that belongs to it as a folder. */
import { Layout, saveImage } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { transferProgress } from '../transfer-progress.ts';
import { text } from './flags.ts';
import { withRegistry } from './images.ts';
import { refuseLoss } from './missed.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { nameImage, readImage } from './stored-image.ts';

export const command: Command = {
  usage: 'save [flags] --dir FOLDER IMAGE',
  examples: `  cosign save --dir ./app registry.example/app:1.2.3
  cosign verify --key cosign.pub --local-image ./app`,
  flags: [...REGISTRY_FLAGS, text('dir', 'folder to save to; an image that is in it already is replaced')],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'dir');
  const { io } = context;
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const image = await wrapped(`parsing image name ${typed}`, () => nameImage(typed, session));
    const { tag, digest } = image.reference;
    const stored =
      digest === undefined
        ? await wrapped('resolving digest', () => image.repository.requireManifest(tag ?? ''))
        : await wrapped('signed entity', () => readImage(image));
    const progress = transferProgress(io);
    try {
      const missed = await saveImage(stored, Layout.openOrCreate(flags.text('dir')), {
        from: image.repository,
        sideRepository: session.side,
        tagPrefix: flags.text('attachment-tag-prefix'),
        onBlob: progress.onBlob,
      });
      refuseLoss(missed, io);
    } finally {
      progress.end();
    }
  });
}
