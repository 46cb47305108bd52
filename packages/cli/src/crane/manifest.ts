import { type Command, type Context, exactly } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseValues } from './flags.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'manifest IMAGE [flags]',
  examples: `  crane manifest ghcr.io/owner/app:1.0
  crane manifest ghcr.io/owner/app:1.0 --platform linux/arm64
  crane manifest $(cosign triangulate ghcr.io/owner/app:1.0) | jq .`,
  flags: [],
  arity: exactly(1),
  refuse: refuseValues,
  run,
};

/** The bytes as they are: their hash is the digest. */
async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [image = ''] = flags.positionals;
  const bytes = await wrapped(`fetching manifest ${image}`, () => {
    const reference = readReference(image);
    return withSession(flags, context, async (session) => {
      const stored = session.platform === undefined ? await session.fetch(reference) : await session.fetchImage(reference);
      return stored.bytes;
    });
  });
  context.io.stdout(bytes);
}
