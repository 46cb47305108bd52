import type { ContentReader, StoredImage } from '@assay/oci';
import { DockerArchive, exportFilesystem } from '@assay/oci/image';
import type { Command, Context } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { refuseValues } from './flags.ts';
import { writeOutput } from './output-file.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';
import { withSpooled } from './spool.ts';

export const command: Command = {
  usage: 'export IMAGE|- TARBALL|- [flags]',
  examples: `  # list the files of an image
  crane export ghcr.io/owner/app:1.0 - | tar -t

  # into a file
  crane export ghcr.io/owner/app:1.0 app-files.tar

  # of an archive on standard input
  docker save app | crane export - app-files.tar`,
  flags: [],
  arity: (count) => (count === 1 || count === 2 ? undefined : `accepts between 1 and 2 arg(s), received ${count}`),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [image = '', target = '-'] = flags.positionals;
  const { io } = context;
  if (image === '-') {
    return withSpooled(io.stdin(), async (path) => {
      const { stored, content } = await wrapped('reading tarball from stdin', async () => (await DockerArchive.open(path)).image(undefined));
      await writeFiles(stored as StoredImage, content, target, io);
    });
  }
  const reference = await wrapped(`pulling ${image}`, () => readReference(image));
  await withSession(flags, context, async (session) => {
    const fetched = await wrapped(`pulling ${image}`, () => session.fetch(reference));
    const stored = await wrapped(`pulling Image ${image}`, () => session.imageOf(fetched, reference));
    await writeFiles(stored, session.repository(reference), target, io);
  });
}

async function writeFiles({ manifest }: StoredImage, from: ContentReader, target: string, io: Io): Promise<void> {
  const tar = exportFilesystem(manifest.layers, from);
  if (target === '-') for await (const chunk of tar) io.stdout(chunk);
  else await wrapped(`failed to open ${target}`, () => writeOutput(target, tar, io));
}
