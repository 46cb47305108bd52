/** Every test that docs/field-bugs.md names exists under that name, and every section names one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const page = readFileSync(join(ROOT, 'docs/field-bugs.md'), 'utf8');
const named = [...page.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, file, name]) => ({ file: file as string, name: name as string }));

describe('docs/field-bugs.md', () => {
  test.each(named)('names a test that exists: $name', ({ file, name }) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    // Titles stand in single or double quotes; an apostrophe inside single quotes would be escaped.
    const source = readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'");
    expect(source).toContain(name);
  });

  test('names a test in every section', () => {
    const sections = page.split(/^### /m).slice(1);
    expect(sections.filter((section) => !/^- `/m.test(section)).map((section) => section.split('\n')[0])).toEqual([]);
    expect(sections.length).toBeGreaterThan(15);
  });
});
