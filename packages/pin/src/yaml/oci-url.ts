/** Where charts and manifests of GitOps tools lie: `oci://HOST/REPOSITORY`. */
import type { Node } from 'yaml';
import type { YamlNotes } from './notes.ts';

/**
 * `HOST/REPOSITORY`. Undefined for other URLs, and for a host without a point, which a reference would take for a part of a name: that one is told about.
 */
export function chartName(url: Node | undefined, notes: YamlNotes): string | undefined {
  const text = notes.source.string(url);
  if (url === undefined || text?.startsWith('oci://') !== true) return undefined;
  const name = text.slice('oci://'.length).replace(/\/+$/, '');
  const [host = ''] = name.split('/');
  if (/[.:$]/.test(host) || host === 'localhost') return name;
  notes.remark(url, 'chart', text, 'unpinnable', 'its host has no point in it, and would read as a part of the name');
  return undefined;
}
