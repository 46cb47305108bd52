/** `policy-tester --version`: which release this build stands in for, and what really runs. */
import { VERSION } from '../version.ts';

export function versionText(): string {
  const facts = {
    GitVersion: STANDS_FOR,
    GitCommit: 'unknown',
    GitTreeState: 'unknown',
    BuildDate: 'unknown',
    GoVersion: `node${process.versions.node}`,
    Assay: VERSION,
  };
  return `${Object.entries(facts)
    .map(([name, value]) => `${`${name}:`.padEnd(15)}${value}`)
    .join('\n')}\n`;
}

/** The release whose flags, texts and exit statuses we have. */
const STANDS_FOR = 'v0.13.1';
