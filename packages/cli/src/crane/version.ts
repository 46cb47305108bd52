import { anyNumber, type Command } from '../cobra/command.ts';
import { VERSION } from '../version.ts';
import { refuseArguments } from './flags.ts';

export const command: Command = {
  usage: 'version',
  examples: '  crane version',
  flags: [],
  arity: anyNumber,
  refuse: refuseArguments('version'),
  async run(_, { io }) {
    io.stdout(`${VERSION}\n`);
  },
};
