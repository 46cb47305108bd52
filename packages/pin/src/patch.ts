/** A change as a unified diff with the names that git gives: `git apply` and `patch -p1` take it. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/** `path` as seen from where the patch is applied, with slashes. Empty when nothing changed. */
export function unifiedPatch(path: string, before: string, after: string): string {
  if (before === after) return '';
  // As diff does it: without the tab a name would end at its first space.
  const header = path.includes(' ') ? ' ' : undefined;
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, header, header, { context: 3, headerOptions: FILE_HEADERS_ONLY });
}
