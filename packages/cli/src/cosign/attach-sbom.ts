/** `cosign attach sbom` (cosign.md section 1): an SBOM beside an image, unsigned. */
import { attachmentTag, descriptorOf, putFile, referenceText, sourceOf, withDigest } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { text } from './flags.ts';
import { type RegistrySession, withRegistry } from './images.ts';
import { readInput } from './read-input.ts';
import { REFERRERS_MODE_FLAG, readReferrersMode } from './referrers-mode.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { SBOM_NOTICE } from './sbom-notice.ts';
import { digestOfImage, type NamedImage, nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'attach sbom [flags] IMAGE',
  examples: '  cosign attach sbom --type cyclonedx --sbom bom.json registry.example/app:1.2.3',
  flags: [
    ...REGISTRY_FLAGS,
    REFERRERS_MODE_FLAG,
    text('sbom', 'file with the SBOM; - for standard input'),
    text('type', 'kind of SBOM: spdx, cyclonedx or syft', { default: 'spdx' }),
    text('input-format', 'how it is written: json, xml or text'),
  ],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const mode = readReferrersMode(flags, io);
  io.stderr(SBOM_NOTICE);
  const mediaType = mediaTypeOf(flags);
  const path = flags.text('sbom');
  io.stderr(`WARNING: Attaching SBOMs this way does not sign them. To sign them, use 'cosign attest --predicate ${path} --key <key path>'.\n`);
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const bytes = await readInput(path, io);
    const sbom = { descriptor: descriptorOf(bytes, mediaType), content: sourceOf(bytes) };
    if (mode === 'oci-1-1') await attachReferrer(sbom, image, context);
    else await attachTag(sbom, image, session, flags, context);
  });
}

type Sbom = Pick<Parameters<typeof putFile>[1], 'descriptor' | 'content'>;

async function attachTag(sbom: Sbom, image: NamedImage, { side }: RegistrySession, flags: ParsedFlags, { io }: Context): Promise<void> {
  const tag = `${flags.text('attachment-tag-prefix')}${attachmentTag(await digestOfImage(image), 'sbom')}`;
  const to = side ?? image.repository;
  io.stderr(`Uploading SBOM file for [${referenceText(image.reference)}] to [${to.name}:${tag}] with mediaType [${sbom.descriptor.mediaType}].\n\n`);
  await putFile(to, { ...sbom, tag });
}

async function attachReferrer(sbom: Sbom, image: NamedImage, { io }: Context): Promise<void> {
  const { repository, reference } = image;
  const subject = await repository.requireDescriptor(await digestOfImage(image));
  const { descriptor } = await putFile(repository, { ...sbom, configType: SBOM_ARTIFACT, subject });
  const name = referenceText(withDigest(reference, descriptor.digest));
  io.stderr(
    `Uploading SBOM file for [${referenceText(reference)}] to [${name}] with config.mediaType [${SBOM_ARTIFACT}] layers[0].mediaType [${sbom.descriptor.mediaType}].\n`,
  );
}

const SBOM_ARTIFACT = 'application/vnd.dev.cosign.artifact.sbom.v1+json';

function mediaTypeOf(flags: ParsedFlags): string {
  const type = flags.text('type');
  const formats = TYPES.get(type);
  if (formats === undefined) throw new CommandError(`unknown SBOM type: ${JSON.stringify(type)}, expected (spdx|cyclonedx|syft)`);
  const format = flags.text('input-format');
  const names = Object.keys(formats);
  if (format !== '' && !names.includes(format)) {
    throw new CommandError(`invalid SBOM input format: ${JSON.stringify(format)}, expected (${names.join('|')})`);
  }
  const isJson = format === 'json' || flags.text('sbom').endsWith('.json');
  return (isJson ? formats['json'] : Object.values(formats).at(-1)) ?? '';
}

/** By how they are written; the last is meant when nothing is said. */
const TYPES: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ['cyclonedx', { json: 'application/vnd.cyclonedx+json', xml: 'application/vnd.cyclonedx+xml' }],
  ['spdx', { json: 'text/spdx+json', text: 'text/spdx' }],
  ['syft', { json: 'application/vnd.syft+json' }],
]);
