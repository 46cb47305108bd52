/** `cosign dockerfile verify` (cosign.md section 1): what `verify` does, for the images that a Dockerfile names. */
import { decodeUtf8, quote } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { imagesOfDockerfile } from '../dockerfile/images.ts';
import { refuseFlagValues } from './demands.ts';
import { bool } from './flags.ts';
import { VERIFY_FLAGS, verifyImages } from './verify.ts';

export const command: Command = {
  usage: 'dockerfile verify [flags] DOCKERFILE',
  examples: `  # every image that FROM, COPY --from and RUN --mount name
  cosign dockerfile verify --key cosign.pub Dockerfile

  # variables without a value in the file are taken from the environment
  VERSION=1.2.3 cosign dockerfile verify --base-image-only --key cosign.pub Dockerfile`,
  flags: [...VERIFY_FLAGS, bool('base-image-only', 'only the image that the last stage is built on')],
  arity: exactly(1),
  refuse: refuseFlagValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [path = ''] = flags.positionals;
  const text = decodeUtf8(await wrapped('could not open Dockerfile', () => readFileCapped(path, MAX_DOCKERFILE_BYTES)));
  const { images, base, notes } = await wrapped('failed extracting images from Dockerfile', () => {
    if (text === undefined) throw new CommandError('not valid UTF-8');
    return imagesOfDockerfile(text, io.env);
  });
  for (const note of notes) io.stderr(`${quote(note, 500)}\n`);
  if (images.length === 0) throw new CommandError('no images found in Dockerfile');
  const wanted = flags.bool('base-image-only') ? [base ?? images.at(-1) ?? ''] : images;
  io.stderr(`Extracted image(s): ${quote(wanted.join(', '), MAX_DOCKERFILE_BYTES)}\n`);
  await verifyImages(wanted, flags, context);
}

const MAX_DOCKERFILE_BYTES = 1024 * 1024;
