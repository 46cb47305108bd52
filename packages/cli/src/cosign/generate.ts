/** `cosign generate` (cosign.md section 1): the payload that `cosign sign` would sign in the older format, without a line end, for other tools to sign. */
import { encodeSimpleSigning } from '@assay/core';
import { repositoryText } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { readAnnotations } from './annotations.ts';
import { list } from './flags.ts';
import { withRegistry } from './images.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { digestOfImage, nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'generate [flags] IMAGE',
  examples: `  # to be signed with another tool
  cosign generate -a stage=prod registry.example/app:1.2.3 | openssl dgst -sha256 -sign key.pem | base64 -w0 > app.sig`,
  flags: [...REGISTRY_FLAGS, list('annotations', 'annotation to put in, as key=value; may be repeated', { short: 'a' })],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const annotations = readAnnotations(flags.list('annotations'));
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const digest = await digestOfImage(image);
    context.io.stdout(encodeSimpleSigning({ dockerReference: repositoryText(image.reference), digest, annotations }));
  });
}
