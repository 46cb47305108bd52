/** `cosign load` (cosign.md section 1): what `cosign save` made goes into a registry. */
import { Layout, loadImage, savedEntry } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { transferProgress } from '../transfer-progress.ts';
import { text } from './flags.ts';
import { withRegistry } from './images.ts';
import { refuseLoss } from './missed.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'load [flags] --dir FOLDER IMAGE',
  examples: '  cosign load --dir ./app registry.example/app:1.2.3',
  flags: [...REGISTRY_FLAGS, text('dir', 'folder that `cosign save` made')],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'dir');
  const { io } = context;
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const { reference, repository } = await wrapped(`parsing image name ${typed}`, () => nameImage(typed, session));
    const layout = await wrapped('signed image index', () => Layout.open(flags.text('dir')));
    const { digest } = savedEntry(layout);
    const image = await layout.manifest(digest);
    if (image === undefined) throw new CommandError(`remote write: ${flags.text('dir')} does not hold ${digest}, which its index names`);
    if (reference.digest !== undefined && reference.digest !== digest) {
      throw new CommandError(`remote write: manifest digest: "${digest}" does not match requested digest: "${reference.digest}" for ${JSON.stringify(typed)}`);
    }
    const progress = transferProgress(io);
    try {
      const missed = await loadImage(image, reference.digest === undefined ? reference.tag : undefined, {
        from: layout,
        to: repository,
        evidenceTo: session.side,
        tagPrefix: flags.text('attachment-tag-prefix'),
        onBlob: progress.onBlob,
      });
      refuseLoss(missed, io);
    } finally {
      progress.end();
    }
  });
}
