/** Text in RE2 patterns. */

/** A pattern that matches this text alone. */
export function escapeRe2(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}
