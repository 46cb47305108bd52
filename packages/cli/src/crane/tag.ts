import { parseReference, repositoryText } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseValues } from './flags.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'tag IMG TAG [flags]',
  examples: `  # add the tag "stable" beside 1.0
  crane tag ghcr.io/owner/app:1.0 stable`,
  flags: [],
  arity: exactly(2),
  refuse: refuseValues,
  run,
};

/** Only the manifest is sent: all that it names is in the repository. */
async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [image = '', tag = ''] = flags.positionals;
  const reference = readReference(image);
  const tagged = `${repositoryText(reference)}:${tag}`;
  parseReference(tagged);
  await withSession(flags, context, async (session) => {
    const { bytes, descriptor } = await wrapped(`fetching ${JSON.stringify(image)}`, () => session.fetch(reference));
    await session.repository(reference).putManifest({ bytes, mediaType: descriptor.mediaType, tag });
    session.log(`${tagged}: digest: ${descriptor.digest} size: ${bytes.length}`);
  });
}
