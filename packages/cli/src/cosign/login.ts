/** `cosign login` (cosign.md section 1): keeps a login for a registry where all container tools look for it. */
import { storeLogin } from '@assay/net';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, text } from './flags.ts';
import { readInput } from './read-input.ts';

export const command: Command = {
  usage: 'login [flags] REGISTRY',
  examples: '  cosign login registry.example --username NAME --password-stdin < token.txt',
  flags: [
    text('username', 'user name', { short: 'u' }),
    text('password', 'password; others on this machine can see it, so rather use --password-stdin', { short: 'p' }),
    bool('password-stdin', 'read the password from standard input'),
  ],
  // COSIGN_PASSWORD is the password of a key.
  ignoresVariables: true,
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  const [registry = ''] = flags.positionals;
  const username = flags.text('username');
  const password = flags.bool('password-stdin') ? new TextDecoder().decode(await readInput('-', io)).replace(/\r?\n$/, '') : flags.text('password');
  if (username === '' && password === '') throw new CommandError('username and password required');
  const { path } = await storeLogin(registry, { username, password }, { env: io.env, home: io.env['HOME'] ?? '' });
  io.stderr(`logged in via ${path}\n`);
}
