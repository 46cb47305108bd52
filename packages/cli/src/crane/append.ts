import { appendLayers, type BuiltImage, buildImage, emptyImage, type Image, mutateImage, openImage } from '@assay/oci/image';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { refuseTogether } from '../cobra/exclusive.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { splitCsv } from '../cosign/annotations.ts';
import { bool, list, refuseArguments, text } from './flags.ts';
import { withLayerFiles } from './layer-files.ts';
import { pushImage } from './push-image.ts';
import { digestText, fullText, type Reference, readReference } from './reference.ts';
import { saveImage } from './save-image.ts';
import { type Session, withSession } from './session.ts';

export const command: Command = {
  usage: 'append [flags]',
  examples: `  # an image that holds nothing but these files; no docker is needed
  tar -C build -cf files.tar . && crane append -f files.tar -t registry.example.com/app:1.0

  # on top of another
  crane append -b gcr.io/distroless/static -f files.tar -t registry.example.com/app:1.0

  # into an archive instead of a registry
  crane append -f files.tar -t app:1.0 -o app.tar`,
  flags: [
    text('base', 'image to append to; none is an empty one', { short: 'b' }),
    text('new_tag', 'reference of the new image', { short: 't' }),
    list('new_layer', 'tarball to append, with or without compression; - is standard input', { short: 'f' }),
    text('output', 'archive to write instead of pushing', { short: 'o' }),
    bool('set-base-image-annotations', 'note name and digest of the base in the new image'),
    bool('oci-empty-base', 'without a base, an OCI image instead of one of Docker'),
  ],
  arity: anyNumber,
  refuse: refuseArguments('append'),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'new_layer', 'new_tag');
  refuseTogether(flags, 'oci-empty-base', 'base');
  const paths = flags.list('new_layer').flatMap(splitCsv);
  await withSession(flags, context, async (session) => {
    const base = await openBase(flags, session);
    await withLayerFiles(base.image, paths, session.io, async (layers) => {
      const appended = appendLayers(base.image, layers);
      const annotated = flags.bool('set-base-image-annotations') ? mutateImage(appended, { annotations: baseAnnotations(base) }) : appended;
      await deliver(buildImage(annotated), base.reference, flags, session);
    });
  });
}

/** Into the archive of `--output`, else to the registry. */
async function deliver({ stored, content }: BuiltImage, origin: Reference | undefined, flags: ParsedFlags, session: Session): Promise<void> {
  const tag = flags.text('new_tag');
  const output = flags.text('output');
  if (output !== '') return saveImage({ stored, from: content }, tag, output, session.io);
  await wrapped(`pushing image ${tag}`, async () => {
    const reference = readReference(tag);
    const digest = await pushImage({ stored, from: content, ...(origin && { origin }) }, reference, session);
    session.io.stdout(`${digestText(reference, digest)}\n`);
  });
}

interface Base {
  readonly image: Image;
  readonly reference?: Reference;
  readonly digest?: string;
}

async function openBase(flags: ParsedFlags, session: Session): Promise<Base> {
  const base = flags.text('base');
  if (base === '') {
    session.log('base unspecified, using empty image');
    return { image: emptyImage(flags.bool('oci-empty-base') ? 'oci' : 'docker') };
  }
  return wrapped(`pulling ${base}`, async () => {
    const reference = readReference(base);
    const stored = await session.fetchImage(reference);
    return { image: await openImage(stored, session.repository(reference)), reference, digest: stored.descriptor.digest };
  });
}

function baseAnnotations({ reference, digest }: Base): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  if (digest !== undefined) annotations.set('org.opencontainers.image.base.digest', digest);
  if (reference !== undefined && reference.digest === undefined) annotations.set('org.opencontainers.image.base.name', fullText(reference));
  return annotations;
}
