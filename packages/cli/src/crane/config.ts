import { MAX_CONFIG_BYTES } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseValues } from './flags.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'config IMAGE [flags]',
  examples: `  crane config ghcr.io/owner/app:1.0
  crane config ghcr.io/owner/app:1.0 --platform linux/arm64 | jq .config.Labels`,
  flags: [],
  arity: exactly(1),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [image = ''] = flags.positionals;
  const bytes = await wrapped('fetching config', () => {
    const reference = readReference(image);
    return withSession(flags, context, async (session) => {
      const { manifest } = await wrapped(`reading image ${JSON.stringify(image)}`, () => session.fetchImage(reference));
      return session.repository(reference).readBlob(manifest.config, MAX_CONFIG_BYTES);
    });
  });
  context.io.stdout(bytes);
}
