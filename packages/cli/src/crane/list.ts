import { repositoryText } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, refuseValues } from './flags.ts';
import { readRepository } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'ls REPO [flags]',
  examples: `  crane ls ghcr.io/owner/app
  crane ls --full-ref --omit-digest-tags ghcr.io/owner/app`,
  flags: [
    bool('full-ref', 'print whole references'),
    bool('omit-digest-tags', 'leave out tags that are made from digests (sha256-…), as those of signatures', { short: 'O' }),
  ],
  arity: exactly(1),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const repository = readRepository(flags.positionals[0] ?? '', 'parsing repo %q: ');
  const name = repositoryText(repository);
  const tags = await withSession(flags, context, (session) => wrapped(`reading tags for ${name}`, () => session.repository(repository).tags()));
  const shown = flags.bool('omit-digest-tags') ? tags.filter((tag) => !tag.startsWith('sha256-')) : tags;
  const prefix = flags.bool('full-ref') ? `${name}:` : '';
  context.io.stdout(shown.map((tag) => `${prefix}${tag}\n`).join(''));
}
