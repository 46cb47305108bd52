/** Labels and values, indented: how `bundle inspect` shows a bundle. */
export interface Item {
  readonly label: string;
  readonly value: string;
  readonly items: readonly Item[];
}

export const item = (label: string, value: string | number | bigint, items: readonly Item[] = []): Item => ({ label, value: String(value), items });
/** A heading without a value. */
export const heading = (label: string, items: readonly Item[]): Item => item(label, '', items);
export const warning = (text: string): Item => item('[!] WARNING', text);
/** What is there, but says nothing to a reader. */
export const present = (label: string, { length }: Uint8Array): Item => item(label, `Present (${length} bytes)`);

export function outlineText(items: readonly Item[], indent = ''): string {
  return items.map(({ label, value, items: inner }) => `${indent}- ${label}:${value && ` ${value}`}\n${outlineText(inner, `${indent}  `)}`).join('');
}
