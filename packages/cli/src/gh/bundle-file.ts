/** Bundles on disk: `.json` holds one, `.jsonl` several, one after the other. */
import { extname, normalize } from 'node:path';
import { isTrustError, parseBundle, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { CommandError } from '../cobra/failure.ts';
import { splitDocuments } from '../cosign/json-text.ts';

/** Errors: `CommandError`. */
export function readBundleFile(given: string): { readonly bundle: Uint8Array }[] {
  const path = normalize(given);
  const kind = extname(path);
  if (kind !== '.json' && kind !== '.jsonl') throw new CommandError('bundle file extension not supported, must be json or jsonl');
  const content = readFile(path, kind);
  const documents = kind === '.json' ? [content] : documentsIn(content);
  if (documents.length === 0) throw new CommandError('provided bundle file is empty');
  for (const document of documents) refuseUnreadable(document);
  return documents.map((bundle) => ({ bundle }));
}

function readFile(path: string, kind: '.json' | '.jsonl'): Uint8Array {
  try {
    return readFileCapped(path, MAX_FILE_BYTES);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const what = kind === '.json' ? 'bundle could not be loaded from JSON file' : 'bundles could not be loaded from JSON lines file';
    throw new CommandError(`${what} at ${path}`, 1, { cause: error });
  }
}

function documentsIn(content: Uint8Array): Uint8Array[] {
  try {
    return splitDocuments(new TextDecoder('utf-8', { fatal: true }).decode(content)).map(utf8);
  } catch (error) {
    if (error instanceof CommandError || error instanceof TypeError) throw unreadable(error);
    throw error;
  }
}

/** What is no bundle at all is the file's mistake; what is one and does not hold is for verification to say. */
function refuseUnreadable(document: Uint8Array): void {
  try {
    parseBundle(document);
  } catch (error) {
    if (isTrustError(error)) throw unreadable(error);
    throw error;
  }
}

function unreadable(error: Error): CommandError {
  return new CommandError(`bundle content could not be parsed: ${error.message}`, 1, { cause: error });
}

const MAX_FILE_BYTES = 256 * 1024 * 1024;
