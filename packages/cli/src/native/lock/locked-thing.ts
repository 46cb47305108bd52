/** What a thing on the command line is called in a lock. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { quote, TrustError } from '@assay/core';
import { parseReference, repositoryText } from '@assay/oci';
import type { Thing } from '../thing.ts';

export interface NamedThing {
  readonly thing: Thing;
  /** `HOST/REPOSITORY`, or the bare name of the file. */
  readonly name: string;
  /** The tag of an image. */
  readonly version: string | undefined;
  /** With what was named: `HOST/REPOSITORY:TAG`, or the bare name of the file. */
  readonly reference: string;
}

/** Errors: `USAGE`, `OCI_REFERENCE`. */
export function nameThing(thing: Thing): NamedThing {
  if (thing.kind === 'image') {
    const reference = parseReference(thing.name);
    const name = repositoryText(reference);
    const { tag } = reference;
    return { thing, name, version: tag, reference: tag === undefined ? name : `${name}:${tag}` };
  }
  if (thing.kind === 'layout' || thing.name === '-' || !existsSync(thing.name)) {
    throw new TrustError('USAGE', `${quote(thing.name)}: has no name by which a lock could know it`, {
      expected: 'a file, or an image of a registry',
      found: thing.kind === 'layout' ? 'a layout' : thing.name === '-' ? 'standard input' : 'a digest',
      hint: thing.kind === 'layout' ? 'push the layout to a registry' : 'name the file',
    });
  }
  const name = basename(thing.name);
  if (name.includes('*')) throw new TrustError('USAGE', `${quote(thing.name)}: in a lock a * stands for other characters`, { hint: 'rename the file' });
  return { thing, name, version: undefined, reference: name };
}
