/** Environment variables, handed in by the caller: nothing below the command line reads `process.env` itself. */
export type Environment = Readonly<Record<string, string | undefined>>;
