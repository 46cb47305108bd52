/** `cosign manifest verify` (cosign.md section 1): what `verify` does, for the images that Kubernetes manifests name. */
import { extname } from 'node:path';
import { quote } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseFlagValues } from './demands.ts';
import { imagesOfManifests } from './manifest-images.ts';
import { VERIFY_FLAGS, verifyImages } from './verify.ts';

export const command: Command = {
  usage: 'manifest verify [flags] MANIFEST',
  examples: '  cosign manifest verify --key cosign.pub deployment.yaml',
  flags: VERIFY_FLAGS,
  arity: exactly(1),
  refuse: refuseFlagValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [path = ''] = flags.positionals;
  if (!EXTENSIONS.includes(extname(path.trim()).toLowerCase())) {
    throw new CommandError(`check if extension is valid: only [${EXTENSIONS.join(' ')}] manifests are supported at this time`);
  }
  const bytes = await wrapped('could not read manifest', () => readFileCapped(path, MAX_MANIFEST_BYTES));
  const images = await wrapped('unable to extract the container image references in the manifest', () => imagesOfManifests(bytes), ' ');
  if (images.length === 0) throw new CommandError('no images found in manifest');
  context.io.stderr(`Extracted image(s): ${quote(images.join(', '), MAX_MANIFEST_BYTES)}\n`);
  await verifyImages(images, flags, context);
}

const EXTENSIONS: readonly string[] = ['.yaml', '.yml'];
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
