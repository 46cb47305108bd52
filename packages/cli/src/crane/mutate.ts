import { isIndexType, parsePlatform } from '@assay/oci';
import { appendLayers, type BuiltImage, buildImage, type ImageChanges, mutateImage, openImage } from '@assay/oci/image';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { splitCsv } from '../cosign/annotations.ts';
import { list, refuseValue, refuseValues, text } from './flags.ts';
import { withLayerFiles } from './layer-files.ts';
import { pushImage } from './push-image.ts';
import { digestText, type Reference, readReference } from './reference.ts';
import { saveImage } from './save-image.ts';
import { type Session, withSession } from './session.ts';

export const command: Command = {
  usage: 'mutate IMAGE [flags]',
  examples: `  # labels and a command, under a new tag
  crane mutate registry.example.com/app:1.0 -l team=web --cmd /app,--verbose -t registry.example.com/app:1.0-web

  # an image that append made, for a platform
  crane mutate registry.example.com/app:1.0 --entrypoint /app --set-platform linux/arm64`,
  flags: [
    list('annotation', 'annotation of the manifest to add, NAME=VALUE', { short: 'a' }),
    list('label', 'label to add, NAME=VALUE', { short: 'l' }),
    list('env', 'environment variable to set, NAME=VALUE', { short: 'e' }),
    list('entrypoint', 'new entry point, words separated by commas; the old command goes with the old one'),
    list('cmd', 'new command, words separated by commas'),
    text('repo', 'repository to push to, by digest'),
    text('tag', 'reference to push to; without it the image is replaced', { short: 't' }),
    text('output', 'archive to write instead of pushing', { short: 'o' }),
    list('append', 'tarball to append as a layer'),
    text('user', 'new user', { short: 'u' }),
    text('workdir', 'new working folder', { short: 'w' }),
    list('exposed-ports', 'ports to expose, instead of those there are'),
    text('set-platform', 'new platform, os/arch[/variant][:osversion]'),
  ],
  arity: exactly(1),
  refuse(flags) {
    refuseValues(flags);
    changesOf(flags);
  },
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [name = ''] = flags.positionals;
  const changes = changesOf(flags);
  await withSession(flags, context, async (session) => {
    if (flags.given('annotation')) await refuseIndex(readReference(name, ''), session);
    if (flags.text('repo') !== '' && flags.text('tag') !== '') throw new CommandError("repository can't be set when a tag is specified");
    const reference = readReference(name, `pulling ${name}: parsing reference %q: `);
    const image = await wrapped(`pulling ${name}`, async () => openImage(await session.fetchImage(reference), session.repository(reference)));
    const paths = flags.list('append').flatMap(splitCsv);
    const platform = flags.text('set-platform') === '' ? {} : { platform: parsePlatform(flags.text('set-platform')) };
    await withLayerFiles(image, paths, session.io, (layers) =>
      deliver(buildImage(mutateImage(appendLayers(image, layers), { ...changes, ...platform })), reference, flags, session),
    );
  });
}

async function refuseIndex(reference: Reference, session: Session): Promise<void> {
  const head = await session.head(reference);
  if (head.descriptor === undefined) throw new CommandError(head.refusal);
  if (isIndexType(head.descriptor.mediaType)) throw new CommandError('mutating annotations on an index is not yet supported');
}

/** Under the new reference, else over the old one; what was named by a digest gets a new one. */
async function deliver({ stored, content }: BuiltImage, reference: Reference, flags: ParsedFlags, session: Session): Promise<void> {
  const repo = flags.text('repo');
  const wanted = repo || flags.text('tag') || reference.text;
  const output = flags.text('output');
  if (output !== '') return saveImage({ stored, from: content }, wanted, output, session.io);
  const parsed = readReference(wanted, `parsing ${wanted}: `);
  const { digest } = stored.descriptor;
  const byDigest = { ...parsed, tag: undefined, digest, text: digestText(parsed, digest) };
  const target = repo !== '' || parsed.digest !== undefined ? byDigest : parsed;
  await wrapped(`pushing ${target.text}`, () => pushImage({ stored, from: content, origin: reference }, target, session));
  session.io.stdout(`${digestText(parsed, digest)}\n`);
}

function changesOf(flags: ParsedFlags): ImageChanges {
  const words = (name: string) => flags.list(name).flatMap(splitCsv);
  const [entrypoint, cmd, exposedPorts] = ['entrypoint', 'cmd', 'exposed-ports'].map(words) as [string[], string[], string[]];
  return {
    ...(flags.given('annotation') && { annotations: pairsOf(flags, 'annotation', 'a') }),
    ...(flags.given('label') && { labels: pairsOf(flags, 'label', 'l') }),
    env: flags.list('env').map((value) => refuseValue(value, '-e, --env', () => pairOf(value))),
    ...(entrypoint.length > 0 && { entrypoint }),
    ...(cmd.length > 0 && { cmd }),
    ...(exposedPorts.length > 0 && { exposedPorts }),
    user: flags.text('user'),
    workdir: flags.text('workdir'),
  };
}

/** Pairs in one value are separated by commas, unless it holds a single pair, whose value may have commas. */
function pairsOf(flags: ParsedFlags, name: string, short: string): ReadonlyMap<string, string> {
  const pairs = flags.list(name).flatMap((value) =>
    refuseValue(value, `-${short}, --${name}`, () => {
      const parts = value.split('=').length === 2 ? [value.replace(/^"+|"+$/g, '')] : splitCsv(value);
      return value.includes('=') ? parts.map(pairOf) : [pairOf(value)];
    }),
  );
  return new Map(pairs);
}

function pairOf(value: string): [string, string] {
  const at = value.indexOf('=');
  if (at < 0) throw new CommandError(`${value} must be formatted as key=value`);
  return [value.slice(0, at), value.slice(at + 1)];
}
