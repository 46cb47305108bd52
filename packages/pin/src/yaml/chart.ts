/** Chart.yaml: dependencies out of registries. They are named by version, and there is no place for a digest. */
import { isScalar, type YAMLMap } from 'yaml';
import type { YamlNotes } from './notes.ts';

export function findInChart(root: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  for (const dependency of source.items(source.get(root, 'dependencies'))) {
    const repository = source.at(dependency, 'repository');
    const url = source.string(repository);
    if (repository === undefined || url?.startsWith('oci://') !== true) continue;
    const version = source.at(dependency, 'version');
    const reference = `${url}/${source.stringAt(dependency, 'name') ?? ''}:${isScalar(version) ? String(version.value) : ''}`;
    notes.remark(version ?? repository, 'chart', reference, 'unpinnable', 'dependencies of charts are named by version, and have no place for a digest');
  }
}
