/** Compose files: `services.*.image`, and images that are mounted as volumes. What a service builds, its `image` only names. */
import type { YAMLMap } from 'yaml';
import type { YamlNotes } from './notes.ts';

export function findInCompose(services: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  for (const { value } of services.items) {
    const service = source.map(value);
    const image = source.at(service, 'image');
    if (service !== undefined && image !== undefined) {
      if (source.get(service, 'build') === undefined) notes.scalar(image);
      else notes.remark(image, 'image', source.string(image) ?? '', 'skipped', 'it is built here');
    }
    for (const volume of source.items(source.at(service, 'volumes'))) {
      if (source.stringAt(volume, 'type') === 'image') notes.scalar(source.at(volume, 'source'));
    }
  }
}
