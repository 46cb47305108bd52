import { targetOf } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseValues } from './flags.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'delete IMAGE [flags]',
  examples: `  # a tag; other tags of the same image stay
  crane delete registry.example.com/app:1.0

  # the image itself
  crane delete registry.example.com/app@sha256:4c1d20cdee96111c8acf1858b62655a37ce81ae48648993542b7ac363ac5c0e5`,
  flags: [],
  arity: exactly(1),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const reference = readReference(flags.positionals[0] ?? '');
  await withSession(flags, context, async (session) => {
    const client = session.repository(reference);
    // What is not there is told, though deleting it would succeed: it is most likely a typing mistake.
    if ((await client.resolve(targetOf(reference))) === undefined) await session.fetch(reference);
    await client.deleteManifest(targetOf(reference));
  });
}
