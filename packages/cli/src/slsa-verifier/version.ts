/** `slsa-verifier version`: which release this build stands in for, and what really runs. */
import { anyNumber, type Command } from '../cobra/command.ts';
import { bool } from '../cobra/flag.ts';
import { VERSION } from '../version.ts';

/** The release whose flags, texts and exit statuses we have. */
const STANDS_FOR = 'v2.7.1';

export const command: Command = {
  usage: 'version [flags]',
  examples: '',
  flags: [bool('json', 'print JSON instead of text')],
  arity: anyNumber,
  async run(flags, { io }) {
    const facts = { gitVersion: STANDS_FOR, gitCommit: 'unknown', gitTreeState: 'unknown', buildDate: 'unknown', goVersion: `node${process.versions.node}` };
    if (flags.bool('json')) io.stdout(`${JSON.stringify({ ...facts, assayVersion: VERSION }, undefined, 2)}\n`);
    else {
      const lines = Object.entries(facts).map(([name, value]) => `${name.charAt(0).toUpperCase()}${name.slice(1)}:`.padEnd(15) + value);
      io.stdout(`slsa-verifier: Assay ${VERSION}, which stands in for slsa-verifier ${STANDS_FOR}\n\n${lines.join('\n')}\n`);
    }
  },
};
