import { atMost, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import { commandHelp } from '../cobra/help.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, GLOBAL_FLAGS, refuseValues, text } from './flags.ts';
import { digestText, type Reference, readReference } from './reference.ts';
import { type Session, withSession } from './session.ts';

export const command: Command = {
  usage: 'digest IMAGE [flags]',
  examples: `  crane digest ghcr.io/owner/app:1.0
  crane digest ghcr.io/owner/app:1.0 --platform linux/arm64
  crane digest --full-ref ghcr.io/owner/app:1.0
  crane digest --tarball app.tar`,
  flags: [text('tarball', 'archive that holds the image, as docker save writes it'), bool('full-ref', 'print the whole reference, with the digest')],
  arity: atMost(1),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [image] = flags.positionals;
  const tarball = flags.text('tarball');
  const { io } = context;
  if (tarball === '' && image === undefined) {
    io.stdout(commandHelp('crane', 'Get the digest of an image', command, GLOBAL_FLAGS));
    throw new CommandError('image reference required without --tarball');
  }
  if (tarball !== '' && flags.bool('full-ref')) throw new CommandError('cannot specify --full-ref with --tarball');
  if (tarball !== '') {
    const { DockerArchive } = await import('@assay/oci/image'); // not for the common case
    const { stored } = await wrapped(`loading image from ${JSON.stringify(tarball)}`, async () =>
      (await DockerArchive.open(tarball)).image(image || undefined),
    );
    return io.stdout(`${stored.descriptor.digest}\n`);
  }
  const reference = readReference(image ?? '');
  const digest = await withSession(flags, context, (session) => digestOf(reference, session));
  io.stdout(`${flags.bool('full-ref') ? digestText(reference, digest) : digest}\n`);
}

async function digestOf(reference: Reference, session: Session): Promise<string> {
  if (session.platform !== undefined) return (await session.fetchImage(reference)).descriptor.digest;
  const head = await session.head(reference);
  if (head.descriptor !== undefined) return head.descriptor.digest;
  session.log(`HEAD request failed, falling back on GET: ${head.refusal}`);
  return (await session.fetch(reference)).descriptor.digest;
}
