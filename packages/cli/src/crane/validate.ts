import { DockerArchive, validate } from '@assay/oci/image';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, refuseArguments, text } from './flags.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'validate [flags]',
  examples: `  # downloads everything, and checks digests, sizes and diff IDs
  crane validate --remote ghcr.io/owner/app:1.0

  # only asks whether it is there
  crane validate --remote ghcr.io/owner/app:1.0 --fast

  crane validate --tarball app.tar`,
  flags: [
    text('tarball', 'archive to validate, as docker save writes it'),
    text('remote', 'image to validate'),
    bool('fast', 'do not download layers, only ask whether they are there'),
  ],
  arity: anyNumber,
  refuse: refuseArguments('validate'),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const layers = flags.bool('fast') ? 'exist' : 'read';
  const tell = (name: string, problem: string | undefined): void => {
    context.io.stdout(problem === undefined ? `PASS: ${name}\n` : `FAIL: ${name}: ${problem}\n`);
    if (problem !== undefined) throw new CommandError(problem);
  };
  const tarball = flags.text('tarball');
  if (tarball !== '') {
    const { stored, content } = await wrapped(`failed to read image ${tarball}`, async () => (await DockerArchive.open(tarball)).image(undefined));
    tell(tarball, await validate(stored, { from: content, layers }));
  }
  const remote = flags.text('remote');
  if (remote === '') return;
  const reference = await wrapped(`failed to read image ${remote}`, () => readReference(remote));
  await withSession(flags, context, async (session) => {
    const fetched = await wrapped(`failed to read image ${remote}`, () => session.fetch(reference));
    const stored = session.platform === undefined ? fetched : await wrapped('reading image', () => session.imageOf(fetched, reference));
    tell(remote, await validate(stored, { from: session.repository(reference), layers }));
  });
}
