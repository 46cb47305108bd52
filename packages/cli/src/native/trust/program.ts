/** `assay trust …`: which TUF roots are trusted besides public Sigstore's. Read only when it is asked for. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import type { AddFlags } from './add.ts';

/** Adds the commands to `trust`; each tells `end` its exit status. */
export function addTrustCommands(trust: Command, io: Io, end: (status: number) => void): void {
  trust
    .command('add')
    .summary('pin the TUF root of an instance')
    .description(
      'Pins the initial TUF root of a Sigstore instance under a name, and shows its fingerprint. From then on the root is kept fresh over TUF; another' +
        ' one under the same name is refused.',
    )
    .argument('<name>', 'github for the instance that signs for private repositories of GitHub, or a name of yours')
    .requiredOption('--root <file>', 'root.json, a file or a URL')
    .option('--mirror <url>', 'its TUF repository; known for github')
    .option('--sha256 <hex>', 'the fingerprint that it must have')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, flags: AddFlags) => end(await (await import('./add.ts')).runAdd(name, flags, io)));
  trust
    .command('list')
    .summary('show what is pinned')
    .description('Shows the pinned roots: name, mirror, fingerprint, where each came from and when.')
    .action(async () => end(await (await import('./list.ts')).runList(io)));
  trust
    .command('remove')
    .summary('forget a pinned root')
    .description('Forgets the root that is pinned under a name.')
    .argument('<name>', 'as it was given to add')
    .action(async (name: string) => end(await (await import('./remove.ts')).runRemove(name, io)));
}

const EXAMPLES = `
Examples:
  assay trust add github --root root.json
  assay trust add github --root https://example.com/root.json --sha256 HEX
  assay trust add staging --root root.json --mirror https://tuf.staging.example.com

Exit status: 0 pinned, 2 another root is pinned under this name; 1, 3 and 4 as for verify
`;
