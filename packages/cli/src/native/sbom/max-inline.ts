/** `--max-inline`: from which size on SBOMs are attested by reference. */
import { InvalidArgumentError, Option } from 'commander';

export function maxInline(): Option {
  return new Option('--max-inline <bytes>', 'what the log takes of an SBOM; default 4 MiB with Rekor v1, else 128 MiB').argParser(bytes);
}

function bytes(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('a number of bytes was expected');
  return Number(text);
}
