/** `cosign clean` (cosign.md section 1): takes away what belongs to an image; in its own repository only, whatever COSIGN_REPOSITORY says. */
import { isTrustError } from '@assay/core';
import {
  type AttachmentSuffix,
  attachmentTag,
  type Belonging,
  type Digest,
  deleteTag,
  fallbackTag,
  findBelongings,
  type Missed,
  type RepositoryClient,
  removeFromFallback,
} from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { confirm } from './confirm.ts';
import { bool, text } from './flags.ts';
import { withRegistry } from './images.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { digestOfImage, nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'clean [flags] IMAGE',
  examples: '  cosign clean --type signature registry.example/app:1.2.3',
  flags: [
    ...REGISTRY_FLAGS,
    text('type', 'what to take away: signature, attestation, referrer, sbom or all', { default: 'all' }),
    bool('force', 'ask nothing', { short: 'f' }),
  ],
  arity: exactly(1),
  refuse: (flags) => void readType(flags),
  run,
};

interface CleanType {
  readonly prompt: string;
  /** Of tags. */
  readonly suffixes: readonly AttachmentSuffix[];
  readonly referrers: 'delete' | 'keep' | 'mention';
}

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const type = readType(flags);
  const [typed = ''] = flags.positionals;
  if (!flags.bool('force')) {
    io.stderr(`WARNING: ${type.prompt} from the image\n`);
    await confirm(io);
  }
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const { repository } = image;
    const digest = await digestOfImage(image);
    const cleaner = new Cleaner(repository, typed, context);
    const { found, missed } = await findBelongings([digest], { image: repository, tagPrefix: flags.text('attachment-tag-prefix'), depth: 'direct' });
    // Referrers of other tools are not ours to delete.
    const referrers = found.filter(({ suffix, kind }) => suffix === undefined && kind !== 'other');
    if (type.referrers === 'mention' && referrers.length > 0) io.stderr('WARNING: image has referrers, consider using --type referrer\n');
    cleaner.tellMissed(missed);
    for (const suffix of type.suffixes) {
      if (found.some((one) => one.suffix === suffix)) await cleaner.deleteTag(`${flags.text('attachment-tag-prefix')}${attachmentTag(digest, suffix)}`);
    }
    if (type.referrers === 'delete') await cleaner.deleteReferrers(referrers, missed, digest);
  });
}

class Cleaner {
  readonly #repository: RepositoryClient;
  readonly #typed: string;
  readonly #context: Context;

  constructor(repository: RepositoryClient, typed: string, context: Context) {
    this.#repository = repository;
    this.#typed = typed;
    this.#context = context;
  }

  tellMissed(missed: readonly Missed[]): void {
    for (const { what, problem } of missed.filter(({ loss }) => loss !== 'none')) this.#tellFailure(what, problem.message);
  }

  async deleteTag(tag: string): Promise<boolean> {
    return this.#delete(`${this.#repository.name}:${tag}`, () => deleteTag(this.#repository, tag));
  }

  /** And off the list that is kept where a registry keeps none; what is listed there and gone already, too. */
  async deleteReferrers(referrers: readonly Belonging[], missed: readonly Missed[], subject: Digest): Promise<void> {
    const gone = new Set<Digest>(missed.flatMap(({ digest, problem }) => (digest !== undefined && problem.code === 'OCI_NOT_FOUND' ? [digest] : [])));
    for (const { stored } of referrers) {
      const { digest } = stored.descriptor;
      if (await this.#delete(`${this.#repository.name}@${digest}`, () => this.#repository.deleteManifest(digest))) gone.add(digest);
    }
    const list = `${this.#repository.name}:${fallbackTag(subject)}`;
    await this.#attempt(list, () => removeFromFallback(this.#repository, subject, gone));
  }

  async #delete(name: string, action: () => Promise<void>): Promise<boolean> {
    const isDone = await this.#attempt(name, action);
    if (isDone) this.#context.io.stderr(`Removed ${name} from ${this.#typed}\n`);
    return isDone;
  }

  async #attempt(name: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.#tellFailure(name, messageOf(error));
      return false;
    }
  }

  /** Told, and no reason to stop: as much as possible goes. */
  #tellFailure(name: string, reason: string): void {
    this.#context.io.stderr(`could not delete ${name} from ${this.#typed}:\n${reason}\n`);
  }
}

function readType(flags: ParsedFlags): CleanType {
  const type = TYPES.get(flags.text('type'));
  if (type !== undefined) return type;
  const names = 'must be one of "signature", "attestation", "referrer", "sbom", or "all"';
  throw new CommandError(`invalid argument ${JSON.stringify(flags.text('type'))} for "--type" flag: ${names}`);
}

const TYPES: ReadonlyMap<string, CleanType> = new Map([
  ['signature', { prompt: 'this will remove all signatures', suffixes: ['sig'], referrers: 'mention' }],
  ['attestation', { prompt: 'this will remove all attestations', suffixes: ['att'], referrers: 'mention' }],
  ['sbom', { prompt: 'this will remove all SBOMs', suffixes: ['sbom'], referrers: 'keep' }],
  ['referrer', { prompt: 'this will remove all referrer attestations and/or signatures', suffixes: [], referrers: 'delete' }],
  ['all', { prompt: 'this will remove all signatures, SBOMs and attestations', suffixes: ['sig', 'att', 'sbom'], referrers: 'delete' }],
]);
