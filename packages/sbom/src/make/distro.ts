/** `/etc/os-release` (os-release(5)): which distribution the files are of. Packages of systems name it in their purls. */
import type { Distro } from '../inventory.ts';
import type { FoundFile } from './cataloger.ts';

/** `/usr/lib/os-release` is the fallback that the standard names; in images the former is mostly a link to the latter. */
const PATHS = ['/etc/os-release', '/usr/lib/os-release'];
const MAX_BYTES = 64 * 1024;

export class DistroReader {
  readonly #found = new Map<string, Distro>();

  get found(): Distro | undefined {
    return PATHS.map((path) => this.#found.get(path)).find((distro) => distro !== undefined);
  }

  wants({ path, size, isHidden }: FoundFile): boolean {
    return !isHidden && size <= MAX_BYTES && PATHS.includes(path);
  }

  read({ path }: FoundFile, content: Uint8Array): void {
    const distro = parseOsRelease(new TextDecoder().decode(content));
    if (distro !== undefined) this.#found.set(path, distro);
  }
}

function parseOsRelease(text: string): Distro | undefined {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const { name, value = '' } = /^\s*(?<name>[A-Z0-9_]+)=(?<value>.*)$/.exec(line)?.groups ?? {};
    if (name !== undefined) values.set(name, unquoted(value.trim()));
  }
  const id = values.get('ID');
  if (id === undefined || id === '') return undefined;
  return { id, versionId: values.get('VERSION_ID') ?? '', prettyName: values.get('PRETTY_NAME') ?? id };
}

/** Shell quoting, as far as the standard allows it here: one pair of quotes, backslashes within. */
function unquoted(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value)?.[2];
  return (quoted ?? value).replace(/\\(.)/g, '$1');
}
