/** `assay sbom diff A B`: what came, went and changed. As `diff`: 0 when nothing did, 1 when something did. */
import { diffInventories, type InventoryDiff, isSame, oneLine, type Package, type Relicensing } from '@assay/sbom';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { styleFor } from '../../render/style.ts';
import { contentsOf } from './contents.ts';
import type { InventoryFlags } from './inventory.ts';

export interface SbomDiffFlags extends InventoryFlags {
  readonly output: 'text' | 'json';
}

/** Returns the exit status. Errors: `SBOM_…`, `USAGE`, those of making. */
export async function runSbomDiff(before: string, after: string, flags: SbomDiffFlags, io: Io): Promise<number> {
  const [old, young] = [await contentsOf(before, flags, io), await contentsOf(after, flags, io)];
  const diff = diffInventories(old.inventory, young.inventory);
  io.stdout(flags.output === 'json' ? `${JSON.stringify(diff, null, 2)}\n` : textOf(diff, io));
  return isSame(diff) ? EXIT.accepted : EXIT.rejected;
}

function textOf({ added, removed, changed, relicensed }: InventoryDiff, io: Io): string {
  const { good, bad, warn } = styleFor(io);
  const lines = [
    ...removed.map((one) => ({ one, text: bad(`- ${packageText(one)}`) })),
    ...added.map((one) => ({ one, text: good(`+ ${packageText(one)}`) })),
    ...changed.map(({ before, after, to, licenses }) => {
      const older = to === 'older' ? ' (older)' : '';
      const text = `~ ${nameText(before)} ${versionText(before)} -> ${versionText(after)}${older}${licenses === undefined ? '' : `, ${licenseText(licenses)}`}`;
      return { one: before, text: warn(text) };
    }),
    ...relicensed.map(({ package: one, licenses }) => ({ one, text: warn(`~ ${packageText(one)} ${licenseText(licenses)}`) })),
  ];
  const ordered = lines.map((line, i) => ({ ...line, key: `${line.one.type}\0${line.one.name}`, i })).sort((a, b) => compare(a.key, b.key) || a.i - b.i);
  return ordered.map(({ text }) => `${text}\n`).join('');
}

function packageText(one: Package): string {
  return `${nameText(one)} ${versionText(one)}`;
}

function nameText({ type, name }: Package): string {
  return `${type} ${oneLine(name)}`;
}

function versionText({ version }: Package): string {
  return version === '' ? '(no version)' : oneLine(version);
}

function licenseText({ before, after }: Relicensing): string {
  const side = (licenses: readonly string[]): string => oneLine(licenses.join(' AND ')) || 'none';
  return `license ${side(before)} -> ${side(after)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
