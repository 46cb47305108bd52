/** Flags of the usual kinds, as their tools declare them. */
import type { FlagSpec } from './pflag.ts';

type More = Partial<FlagSpec>;

export const text = (name: string, usage: string, more: More = {}): FlagSpec => ({ name, kind: 'string', default: '', usage, ...more });
export const bool = (name: string, usage: string, more: More = {}): FlagSpec => ({ name, kind: 'bool', default: 'false', usage, ...more });
export const list = (name: string, usage: string, more: More = {}): FlagSpec => ({ name, kind: 'list', default: '', usage, ...more });
