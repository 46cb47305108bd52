/** Results as a table. */
export interface Row {
  id: number;
  readonly policy: string;
  readonly rule: string;
  readonly resource: string;
  readonly result: string;
  readonly reason: string;
  readonly message: string;
  readonly failed: boolean;
}

export interface TableOptions {
  readonly detailed: boolean;
  readonly colors: boolean;
}

export function tableText(rows: readonly Row[], { detailed, colors }: TableOptions): string {
  if (rows.length === 0) return '';
  const heads = [...HEADS, ...(detailed ? ['MESSAGE'] : [])];
  const titles = rows.length > 10 ? [`${heads[0]} (${rows.length}) `, ...heads.slice(1)] : heads;
  const cells = rows.map((row) => cellsOf(row, detailed).map((cell) => cell.replaceAll('\n', ' ')));
  const widths = titles.map((title, i) => Math.max(width(title), ...cells.map((line) => width(line[i] ?? ''))));
  const border = `│${widths.map((size) => '─'.repeat(size + 2)).join('│')}│`;
  const line = (values: readonly string[], paint: (text: string) => string) =>
    `│${values.map((value, i) => ` ${paint(value + ' '.repeat((widths[i] ?? 0) - width(value)))} `).join('│')}│`;
  const head = line(titles, (text) => (colors ? `\u001b[40;32m${text}\u001b[0m` : text));
  return [border, head, border, ...cells.map((values) => line(values, (text) => text)), border, ''].join('\n');
}

export const HEADS = ['ID', 'POLICY', 'RULE', 'RESOURCE', 'RESULT', 'REASON'] as const;

export function cellsOf({ id, policy, rule, resource, result, reason, message }: Row, detailed: boolean): string[] {
  return [String(id), policy, rule, resource, result, reason, ...(detailed ? [message] : [])];
}

function width(text: string): number {
  return [...text].length;
}
