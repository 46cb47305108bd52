/** Crates of executables built by cargo-auditable: zlib over `{ packages: [{ name, version, source, kind?, dependencies?: [index], root? }] }` in a section. */
import { inflateSync } from 'node:zlib';
import type { Catalog, Cataloger } from '../cataloger.ts';
import { fieldOf, guarded, listOf, parseJsonDocument, textOf } from '../language/documents.ts';
import { FoundPackages, type Report } from '../language/found-packages.ts';
import { type Executable, looksExecutable, readExecutables, sectionOf } from './binary-format.ts';

export const cargoAuditable: Cataloger = {
  name: 'cargo-auditable',
  finds: 'installed',
  open: (): Catalog => {
    const found = new FoundPackages('cargo-auditable', 'rust-crate');
    return {
      wants: ({ head, isHidden }) => !isHidden && looksExecutable(head),
      read: (file, content, report) => {
        for (const executable of readExecutables(content)) addCrates(found, file, executable, report);
      },
      packages: () => found.all(),
    };
  },
};

function addCrates(found: FoundPackages, file: Parameters<FoundPackages['add']>[0], executable: Executable, report: Report): void {
  const section = SECTIONS.map((name) => sectionOf(executable, name)).find((one) => one !== undefined);
  if (section === undefined) return;
  const json = guarded('zlib data', () => inflateSync(executable.bytes(section), { maxOutputLength: MAX_JSON_BYTES }));
  const crates = listOf(fieldOf(parseJsonDocument(json), 'packages'));
  // What only builds or tests is not in the executable.
  const purls = crates.map((crate) =>
    (textOf(crate, 'kind') || 'runtime') === 'runtime'
      ? found.add(file, { name: textOf(crate, 'name'), version: textOf(crate, 'version'), purl: { type: 'cargo' } }, report)
      : undefined,
  );
  for (const [i, crate] of crates.entries()) {
    for (const index of listOf(fieldOf(crate, 'dependencies'))) found.depend(purls[i], purls[Number(index)]);
  }
}

/** The last two are of versions before 0.5. */
const SECTIONS = ['.dep-v0', '.rust-deps-v0', 'rust-deps-v0', 'rdep-v0'];
const MAX_JSON_BYTES = 16 * 1024 * 1024;
