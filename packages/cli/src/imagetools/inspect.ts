import { isTrustError, quote } from '@assay/core';
import { parseReference, type RepositoryClient, type StoredManifest, targetOf } from '@assay/oci';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { TemplateError } from '../go-template/error.ts';
import { marshal } from '../go-template/marshal.ts';
import { Template } from '../go-template/template.ts';
import type { Io } from '../io.ts';
import { openRegistryAccess } from '../registry-access.ts';
import { describeManifest } from './describe.ts';
import { dockerName } from './docker-name.ts';
import { type LoadedImages, loadImages } from './load.ts';
import { templateInput } from './template-input.ts';

export const command: Command = {
  usage: 'inspect [OPTIONS] NAME',
  examples: `  imagetools inspect alpine:3.20

  # the digest alone
  imagetools inspect ghcr.io/owner/app:1.0 --format '{{ .Manifest.Digest }}'

  # the platforms of an index
  imagetools inspect ghcr.io/owner/app:1.0 --format '{{ range .Manifest.Manifests }}{{ .Platform.OS }}/{{ .Platform.Architecture }}{{ "\\n" }}{{ end }}'

  # the bytes of the manifest
  imagetools inspect --raw ghcr.io/owner/app:1.0 | sha256sum`,
  flags: [
    { name: 'builder', kind: 'string', default: '', usage: 'accepted, without effect: no builder is asked' },
    {
      name: 'format',
      kind: 'string',
      default: '',
      usage: 'print this Go template, with .Name, .Manifest, .Image, .Provenance and .SBOM, and the function json',
    },
    { name: 'raw', kind: 'bool', default: 'false', usage: 'print the manifest as it is' },
  ],
  arity: (count) => (count === 1 ? undefined : `"imagetools inspect" requires exactly 1 argument.\nSee 'imagetools inspect --help'.`),
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  const [text = ''] = flags.positionals;
  const format = flags.text('format');
  if (format !== '' && flags.bool('raw')) throw new CommandError('format and raw cannot be used together');
  const template = format === '' || isWholeManifest(format) ? undefined : parsed(format);
  const reference = readReference(text);
  const name = dockerName(reference);
  const access = openRegistryAccess(io, { userAgent: 'buildx (assay)', plainHttp: 'private' });
  try {
    const client = access.registries.repository(reference);
    const stored = await client.manifest(targetOf(reference));
    if (stored === undefined) throw new CommandError(`${name}: not found`);
    if (flags.bool('raw')) io.stdout(stored.bytes);
    else if (template === undefined) io.stdout(describeManifest(name, stored));
    else printRendered(await rendered(template, format, { text, stored, client }), io);
  } finally {
    access.close();
  }
}

function readReference(text: string) {
  try {
    return parseReference(text);
  } catch (error) {
    if (isTrustError(error) && error.code === 'OCI_REFERENCE') throw new CommandError(`invalid reference format: ${quote(text)}`, 1, { cause: error });
    throw error;
  }
}

/** `{{.Manifest}}` alone stands for what is printed without a template. */
function isWholeManifest(format: string): boolean {
  return /^\s*\{\{-?\s*\.Manifest\s*-?\}\}\s*$/.test(format);
}

function parsed(format: string): Template {
  return told(() => new Template(format, { functions: { json: { params: ['any'], call: ([value]) => marshal(value, '  ') } } }));
}

interface Inspected {
  readonly text: string;
  readonly stored: StoredManifest;
  readonly client: RepositoryClient;
}

/** The images of an index are fetched only for a template that may speak of them: the digest is known without. */
async function rendered(template: Template, format: string, { text, stored, client }: Inspected): Promise<string> {
  const wanted = ATTESTATIONS.test(format) ? 'with attestations' : 'without attestations';
  const images: LoadedImages = ANY_IMAGE.test(format) ? await loadImages(stored, client, wanted) : new Map();
  return told(() => template.render(templateInput(text, stored, images)));
}

const ATTESTATIONS = /\.(?:SBOM|Provenance)\b/;
/** By name, or as part of all there is: the point alone, and `$`. */
const ANY_IMAGE = /\.(?:Image|SBOM|Provenance)\b|[\s({|]\.(?=[\s)}|])|\$/;

/** As it is, as buildx has it; on a terminal the prompt should stand on a line of its own. */
function printRendered(text: string, io: Io): void {
  io.stdout(io.terminal && !text.endsWith('\n') ? `${text}\n` : text);
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw new CommandError(error.message, 1, { cause: error });
    throw error;
  }
}
