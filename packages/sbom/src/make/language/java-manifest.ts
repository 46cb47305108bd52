/**
 * META-INF/MANIFEST.MF of archives (JAR File Specification): sections of `Name: value`, a space in front continues the line before, empty lines part sections.
 */
import { decodeText } from './documents.ts';

export interface JavaManifest {
  readonly main: ReadonlyMap<string, string>;
  readonly sections: readonly ReadonlyMap<string, string>[];
}

export function parseManifest(content: Uint8Array): JavaManifest {
  const sections: Map<string, string>[] = [];
  let current: Map<string, string> | undefined;
  let last = '';
  for (const line of decodeText(content).split(/\r\n|\n|\r/)) {
    if (line === '') current = undefined;
    else if (line.startsWith(' ') && current !== undefined) current.set(last, (current.get(last) ?? '') + line.trim());
    else {
      const at = line.indexOf(':');
      const name = line.slice(0, Math.max(at, 0)).trim();
      if (name === '') continue;
      if (current === undefined) {
        current = new Map();
        sections.push(current);
      }
      if (!current.has(name)) current.set(name, line.slice(at + 1).trim());
      last = name;
    }
  }
  const [main = new Map(), ...others] = sections;
  return { main, sections: others };
}

/** Of the main section, else of the first that has it. */
export function manifestValue({ main, sections }: JavaManifest, name: string): string {
  return [main, ...sections].map((section) => section.get(name) ?? '').find((value) => value !== '') ?? '';
}
