/** The entry of every executable: which face of the command line is asked for. Nothing is loaded that the other face needs. */
import { type Io, processIo } from './io.ts';

/** `programName` is the name under which the program was started: as `cosign` it is that tool. Returns the exit status. */
export async function main(argv: readonly string[], programName: string, io: Io = processIo()): Promise<number> {
  const [first = '', ...rest] = argv;
  const tool = TOOLS[programName];
  if (tool !== undefined) return tool(argv, io);
  const named = Object.hasOwn(TOOLS, first) ? TOOLS[first] : undefined;
  if (named !== undefined) return named(rest, io);
  const { native } = await import('./native/run.ts');
  return native(argv, io);
}

/** What is asked for, by its first words: `verify`, `cosign-verify-blob`. Empty where no command can be told from them. */
export function commandOf(argv: readonly string[], programName: string): string {
  const words = Object.hasOwn(TOOLS, programName) ? [programName, ...argv] : argv;
  const [first = '', second = ''] = words.slice(0, 2).map((word) => (/^[a-z][a-z-]*$/.test(word) ? word : ''));
  return Object.hasOwn(TOOLS, first) ? `${first}-${second}` : first;
}

/** The tools whose flags, texts and exit statuses we have. */
const TOOLS: Readonly<Record<string, (argv: readonly string[], io: Io) => Promise<number>>> = {
  cosign: async (argv, io) => (await import('./cosign/program.ts')).cosign(argv, io),
  crane: async (argv, io) => (await import('./crane/program.ts')).crane(argv, io),
  imagetools: async (argv, io) => (await import('./imagetools/program.ts')).imagetools(argv, io),
  helm: async (argv, io) => (await import('./helm/program.ts')).helm('helm', argv, io),
  'slsa-verifier': async (argv, io) => (await import('./slsa-verifier/program.ts')).slsaVerifier(argv, io),
  'policy-tester': async (argv, io) => (await import('./policy-tester/program.ts')).policyTester(argv, io),
  gh: async (argv, io) => (await import('./gh/program.ts')).gh(argv, io),
  kyverno: async (argv, io) => (await import('./kyverno/program.ts')).kyverno(argv, io),
  chart: async (argv, io) => (await import('./helm/program.ts')).helm('assay chart', argv, io),
};
