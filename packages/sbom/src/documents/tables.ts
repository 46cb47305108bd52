/** Inventories for people and for scripts: a table, and package URLs. */
import type { Package } from '../inventory.ts';

export type Row = Pick<Package, 'name' | 'version' | 'type'>;

/** NAME, VERSION and TYPE, sorted, equal rows once, as `syft -o table` has it. */
export function encodeTable(packages: Iterable<Row>): string {
  const rows = [...new Map([...packages].map(({ name, version, type }) => [[name, version, type].join('\0'), [name, version, type]])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row.map(oneLine));
  if (rows.length === 0) return 'no packages\n';
  const all = [['NAME', 'VERSION', 'TYPE'], ...rows];
  const widths = [0, 1, 2].map((column) => all.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0));
  const lineOf = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return all.map((row) => `${lineOf(row).trimEnd()}\n`).join('');
}

/** One a line. */
export function encodePurls(packages: Iterable<Pick<Package, 'purl'>>): string {
  return [...packages].map(({ purl }) => `${oneLine(purl)}\n`).join('');
}

/** Names come from packages: they must not draw lines of their own. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (char) => `\\u${char.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}
