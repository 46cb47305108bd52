/**
 * `cosign copy` (cosign.md section 1): an image with everything that belongs to it, referrers included, which cosign itself leaves behind. Conflicts are looked
 * for before anything is written, and the destination's tag comes last.
 */
import {
  attachmentTag,
  type Belonging,
  copyEvidence,
  copyImage,
  type Digest,
  digestsIn,
  fallbackTag,
  findBelongings,
  hasReferrersApi,
  type RepositoryClient,
  type StoredManifest,
  targetTag,
} from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { transferProgress } from '../transfer-progress.ts';
import { splitCsv } from './annotations.ts';
import { bool, list, text } from './flags.ts';
import { withRegistry } from './images.ts';
import { refuseLoss } from './missed.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { forPlatform, type NamedImage, nameImage, readImage } from './stored-image.ts';

export const command: Command = {
  usage: 'copy [flags] SOURCE DESTINATION',
  examples: `  cosign copy registry.example/app:1.2.3 mirror.example/app:1.2.3

  # signatures and attestations, without a tag for the image
  cosign copy --only sig,att registry.example/app:1.2.3 mirror.example/app`,
  flags: [
    ...REGISTRY_FLAGS,
    list('only', 'of what belongs to the image, only this: sig, att, sbom'),
    bool('sig-only', 'the same as --only=sig'),
    bool('force', 'overwrite what is at the destination', { short: 'f' }),
    text('platform', 'os/architecture: this image of an index'),
  ],
  arity: exactly(2),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [source = '', destination = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const from = nameImage(source, session);
    const to = nameImage(destination, session);
    const root = await forPlatform(await readImage(from), flags.text('platform'), from);
    const only = readOnly(flags, context);
    const tagPrefix = flags.text('attachment-tag-prefix');
    const digests = await digestsIn(root, from.repository);
    const { found, missed } = await findBelongings(digests, { image: from.repository, sideRepository: session.side, tagPrefix });
    const belongings = found.filter(({ kind }) => only === undefined || only.has(kind));
    const copier = new Copier({ root, from, to, tagPrefix, context });
    if (!flags.bool('force')) await copier.refuseConflicts(belongings, only === undefined);
    const failed = await copier.copy(belongings, digests, only === undefined);
    refuseLoss([...missed, ...failed], io);
  });
}

interface Copying {
  readonly root: StoredManifest;
  readonly from: NamedImage;
  readonly to: NamedImage;
  readonly tagPrefix: string;
  readonly context: Context;
}

class Copier {
  readonly #copying: Copying;
  readonly #to: RepositoryClient;

  constructor(copying: Copying) {
    this.#copying = copying;
    this.#to = copying.to.repository;
  }

  /** Errors: a tag at the destination that is something else. */
  async refuseConflicts(belongings: readonly Belonging[], isWhole: boolean): Promise<void> {
    const { root, to, tagPrefix } = this.#copying;
    for (const belonging of belongings) {
      const tag = targetTag(belonging, tagPrefix);
      if (tag !== undefined) await this.#refuseOther(tag, belonging.stored.descriptor.digest, `${this.#to.name}:${tag}`);
    }
    if (isWhole && to.reference.tag !== undefined && to.reference.digest === undefined) {
      await this.#refuseOther(to.reference.tag, root.descriptor.digest, `${this.#to.name}:${to.reference.tag}`);
    }
  }

  async #refuseOther(tag: string, wanted: Digest, name: string): Promise<void> {
    const there = await this.#to.resolve(tag);
    if (there === undefined || there.digest === wanted) return;
    throw new CommandError(`image ${JSON.stringify(name)} already exists. Use \`-f\` to overwrite`);
  }

  async copy(belongings: readonly Belonging[], digests: readonly Digest[], isWhole: boolean): ReturnType<typeof copyEvidence> {
    const { root, from, to, tagPrefix, context } = this.#copying;
    if (isWhole) this.#refuseOtherDigest();
    const progress = transferProgress(context.io);
    const options = {
      to: this.#to,
      mountFrom: from.reference.registry === to.reference.registry ? from.reference.repository : undefined,
      onBlob: progress.onBlob,
    };
    try {
      await copyImage(root, undefined, { ...options, from: from.repository });
      const failed = await copyEvidence(belongings, { ...options, tagPrefix, onCopy: (belonging) => this.#tellBelonging(belonging) });
      await this.#keepByTag(digests);
      if (isWhole) await this.#tagRoot();
      return failed;
    } finally {
      progress.end();
    }
  }

  #refuseOtherDigest(): void {
    const { root, to } = this.#copying;
    const { digest } = to.reference;
    if (digest === undefined || digest === root.descriptor.digest) return;
    throw new CommandError(`manifest digest: "${root.descriptor.digest}" does not match requested digest: "${digest}" for ${JSON.stringify(to.typed)}`);
  }

  async #tagRoot(): Promise<void> {
    const { root, from, to } = this.#copying;
    const { tag, digest } = to.reference;
    if (tag === undefined || digest !== undefined || (await this.#to.resolve(tag))?.digest === root.descriptor.digest) return;
    this.#tell(`${from.repository.name}@${root.descriptor.digest}`, to.typed);
    await this.#to.putManifest({ bytes: root.bytes, mediaType: root.descriptor.mediaType, tag });
  }

  /**
   * cosign keeps each image from being collected by a tag, `sha256-HEX`. Where a registry lists no referrers itself, the list of referrers lies under this very
   * tag, and cosign can sign no image there that it has copied; so there the tag stays free.
   */
  async #keepByTag(digests: readonly Digest[]): Promise<void> {
    const { root, from, tagPrefix } = this.#copying;
    if (!(await hasReferrersApi(this.#to, root.descriptor.digest))) return;
    for (const digest of digests) {
      const tag = `${tagPrefix}${fallbackTag(digest)}`;
      if ((await this.#to.resolve(tag)) !== undefined) continue;
      const { bytes, descriptor } = await this.#to.requireManifest(digest);
      this.#tell(`${from.repository.name}@${digest}`, `${this.#to.name}:${tag}`);
      await this.#to.putManifest({ bytes, mediaType: descriptor.mediaType, tag });
    }
  }

  #tellBelonging(belonging: Belonging): void {
    const { tagPrefix } = this.#copying;
    const { suffix, subject, reader, stored } = belonging;
    const place = suffix === undefined ? `@${stored.descriptor.digest}` : `:${tagPrefix}${attachmentTag(subject, suffix)}`;
    this.#tell(`${reader.name}${place}`, `${this.#to.name}${place}`);
  }

  #tell(what: string, where: string): void {
    this.#copying.context.io.stderr(`Copying ${what} to ${where}...\n`);
  }
}

/** Undefined: everything. */
function readOnly(flags: ParsedFlags, { io }: Context): ReadonlySet<string> | undefined {
  const only = new Set(flags.list('only').flatMap(splitCsv));
  if (flags.bool('sig-only')) {
    io.stderr('--sig-only is deprecated, use --only=sig instead\n');
    only.add('sig');
  }
  const unknown = [...only].find((one) => !ONLY.includes(one));
  if (unknown !== undefined) throw new CommandError(`invalid value for --only: ${unknown}, only the following values are supported: [${ONLY.join(' ')}]`);
  return only.size === 0 ? undefined : only;
}

const ONLY: readonly string[] = ['sig', 'sbom', 'att'];
