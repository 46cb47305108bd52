/**
 * `cosign version`, in cosign's shape. Scripts compare `GitVersion`, so it says which cosign this build stands in for; what really runs is told by
 * the first line, by `assayVersion`, and where cosign names its Go.
 */
import { anyNumber, type Command } from '../cobra/command.ts';
import { VERSION } from '../version.ts';
import { bool } from './flags.ts';

export const command: Command = {
  usage: 'version [flags]',
  examples: '',
  flags: [bool('json', 'print JSON instead of text')],
  arity: anyNumber,
  ignoresVariables: true,
  async run(flags, { io }) {
    const facts = buildFacts();
    io.stdout(flags.bool('json') ? `${JSON.stringify({ ...facts, assayVersion: VERSION }, undefined, 2)}\n` : textOf(facts));
  },
};

interface BuildFacts {
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

function buildFacts(): BuildFacts {
  return {
    gitVersion: COSIGN_VERSION,
    gitCommit: 'unknown',
    gitTreeState: 'unknown',
    buildDate: 'unknown',
    goVersion: `node${process.versions.node}`,
    compiler: 'node',
    platform: `${PLATFORMS[process.platform] ?? process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
  };
}

function textOf(facts: BuildFacts): string {
  const lines = Object.entries(facts).map(([name, value]: [string, string]) => `${name.charAt(0).toUpperCase()}${name.slice(1)}:`.padEnd(15) + value);
  return `cosign: Assay ${VERSION}, which stands in for cosign ${COSIGN_VERSION}\n\n${lines.join('\n')}\n\n`;
}

/** The cosign whose flags, texts and exit statuses we have. */
const COSIGN_VERSION = 'v3.1.3';
/** Names of Node in the words of Go. */
const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
