/** `assay imagetools`, the part of `docker buildx imagetools` that looks at images; no docker is needed. */
import { runTool, type Tool } from '../cobra/program.ts';
import type { Io } from '../io.ts';

const IMAGETOOLS: Tool = {
  name: 'imagetools',
  title: 'Inspects images in registries, as docker buildx imagetools does.',
  globals: [],
  commands: [{ name: 'inspect', summary: 'Show details of an image in the registry', load: async () => (await import('./inspect.ts')).command }],
  fail(message, isUnknownCommand, io) {
    io.stderr(`ERROR: ${message}\n${isUnknownCommand ? "Run 'imagetools --help' for usage.\n" : ''}`);
  },
};

/** Returns the exit status. */
export async function imagetools(argv: readonly string[], io: Io): Promise<number> {
  return runTool(IMAGETOOLS, argv, io);
}
