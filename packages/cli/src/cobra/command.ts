/** A command of a compatible tool: its flags, its texts, and what it does. All tools we replace are built the same way, on Go's cobra. */
import type { Io } from '../io.ts';
import type { FlagSpec, ParsedFlags } from './pflag.ts';

/** What is known of a command before its code is read: most runs need one of many. */
export interface CommandEntry {
  /** With its group in front: `bundle create`. */
  readonly name: string;
  readonly summary: string;
  /** Accepted, not shown in help, and this is said. */
  readonly deprecated?: string;
  /** For scripts alone: help says nothing of it. */
  readonly hidden?: boolean;
  readonly load: () => Promise<Command>;
}

export interface Command {
  readonly usage: string;
  readonly examples: string;
  readonly flags: readonly FlagSpec[];
  /** What is wrong with the positionals, in cobra's words. */
  readonly arity: (count: number) => string | undefined;
  /** Flag values that are refused before the positionals are looked at. Throws `CommandError`. */
  readonly refuse?: (flags: ParsedFlags) => void;
  /** Unset flags stay unset, whatever the environment holds. */
  readonly ignoresVariables?: boolean;
  readonly run: (flags: ParsedFlags, context: Context) => Promise<void>;
}

export interface Context {
  readonly io: Io;
  readonly verbose: boolean;
  /** Fires when `--timeout` has passed since the start; never for tools without that flag. */
  readonly signal: AbortSignal;
}

/** How many positionals a command takes, in cobra's words. */
export const exactly = (wanted: number) => (count: number) => (count === wanted ? undefined : `accepts ${wanted} arg(s), received ${count}`);
export const atMost = (most: number) => (count: number) => (count <= most ? undefined : `accepts at most ${most} arg(s), received ${count}`);
export const atLeast = (least: number) => (count: number) => (count >= least ? undefined : `requires at least ${least} arg(s), only received ${count}`);
export const anyNumber = () => undefined;
