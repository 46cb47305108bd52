import { isStatus, parseReference, type RepositoryClient, type RepositoryName, repositoryText } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, refuseValues } from './flags.ts';
import { pushImage } from './push-image.ts';
import { type Reference, readReference, readRepository } from './reference.ts';
import { type Session, withSession } from './session.ts';

export const command: Command = {
  usage: 'copy SRC DST [flags]',
  examples: `  crane copy ghcr.io/owner/app:1.0 registry.example.com/app:1.0
  crane copy --platform linux/amd64 ghcr.io/owner/app:1.0 registry.example.com/app:1.0-amd64
  crane copy --all-tags --no-clobber ghcr.io/owner/app registry.example.com/app`,
  flags: [
    bool('all-tags', 'copy all tags of a repository', { short: 'a' }),
    bool('no-clobber', 'leave tags alone that are there already', { short: 'n' }),
    { name: 'jobs', short: 'j', kind: 'int', default: '0', usage: 'how many copies run at once; 0 is 4' },
  ],
  arity: exactly(2),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [source = '', target = ''] = flags.positionals;
  const how: How = { jobs: flags.number('jobs') > 0 ? flags.number('jobs') : DEFAULT_JOBS, existing: flags.bool('no-clobber') ? 'keep' : 'replace' };
  if (flags.bool('all-tags')) {
    const from = readRepository(source, '');
    const to = readRepository(target, 'parsing reference for %q: ');
    return withSession(flags, context, (session) => copyRepository(from, to, how, session));
  }
  const from = readReference(source);
  const to = readReference(target, 'parsing reference for %q: ');
  return withSession(flags, context, (session) => copyOne(from, to, how, session));
}

interface How {
  readonly jobs: number;
  /** What becomes of tags at the target. */
  readonly existing: 'keep' | 'replace';
}

async function copyOne(from: Reference, to: Reference, { jobs, existing }: How, session: Session): Promise<void> {
  if (existing === 'keep' && to.digest === undefined) await refuseExisting(to, session);
  session.log(`Copying from ${from.text} to ${to.text}`);
  const fetched = await wrapped(`fetching ${JSON.stringify(from.text)}`, () => session.fetch(from));
  const stored = session.platform === undefined ? fetched : await session.imageOf(fetched, from);
  await pushImage({ stored, from: session.repository(from), origin: from, jobs }, to, session);
}

async function refuseExisting(to: Reference, session: Session): Promise<void> {
  session.log(`Checking existing tag ${to.text}`);
  const there = await unlessForbidden(() => session.repository(to).resolve(to.tag ?? 'latest'));
  if (there !== undefined) throw new CommandError(`refusing to clobber existing tag ${to.text}@${there.digest}`);
}

type NamedRepository = RepositoryName & { readonly text: string };

async function copyRepository(from: NamedRepository, to: NamedRepository, how: How, session: Session): Promise<void> {
  const kept = how.existing === 'keep' ? await existingTags(session.repository(to)) : new Set<string>();
  const tags = await session.repository(from).tags();
  const known = new Set<string>();
  const queue = tags.values();
  const work = async (): Promise<void> => {
    for (const tag of queue) {
      if (kept.has(tag)) session.log(`Skipping ${tag} due to no-clobber`);
      else await copyTag(tagOf(from, tag), tagOf(to, tag), known, session);
    }
  };
  await Promise.all(Array.from({ length: how.jobs }, work));
}

async function copyTag(from: Reference, to: Reference, known: Set<string>, session: Session): Promise<void> {
  session.log(`Fetching ${from.text}`);
  const stored = await session.fetch(from);
  session.log(`Pushing ${to.text}`);
  await pushImage({ stored, from: session.repository(from), origin: from, known }, to, session);
}

/** The list comes from the registry: what is no tag must not become part of a path. */
function tagOf(repository: NamedRepository, tag: string): Reference {
  return { ...parseReference(`${repositoryText(repository)}:${tag}`), text: `${repository.text}:${tag}` };
}

async function existingTags(client: RepositoryClient): Promise<Set<string>> {
  return new Set((await unlessForbidden(() => client.tags())) ?? []);
}

/** A repository that comes to be with its first push is answered with 404 or 403 before. */
async function unlessForbidden<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isStatus(error, 403, 404)) return undefined;
    throw error;
  }
}

const DEFAULT_JOBS = 4;
