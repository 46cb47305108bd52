/** GitHub workflows and actions: containers of jobs and services, and `docker://` images as steps. Actions (`uses: owner/repo@ref`) are no images. */
import { isMap, type YAMLMap } from 'yaml';
import type { YamlNotes } from './notes.ts';

export function findInWorkflow(jobs: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  for (const { value: job } of jobs.items) {
    findContainer(source.at(job, 'container'), notes);
    for (const { value: service } of source.map(source.at(job, 'services'))?.items ?? []) findContainer(service, notes);
    findInSteps(source.at(job, 'steps'), notes);
  }
}

/** `runs` of action.yml. */
export function findInAction(runs: YAMLMap, notes: YamlNotes): void {
  findDocker(notes.source.get(runs, 'image'), notes);
  findInSteps(notes.source.get(runs, 'steps'), notes);
}

function findContainer(node: unknown, notes: YamlNotes): void {
  const container = notes.source.resolve(node);
  const image = isMap(container) ? notes.source.get(container, 'image') : container;
  const isUrl = notes.source.string(image)?.startsWith(DOCKER) === true;
  notes.scalar(image, { skip: isUrl ? DOCKER.length : 0 });
}

function findInSteps(steps: unknown, notes: YamlNotes): void {
  for (const step of notes.source.items(steps)) findDocker(notes.source.at(step, 'uses'), notes);
}

function findDocker(node: unknown, notes: YamlNotes): void {
  if (notes.source.string(node)?.startsWith(DOCKER) === true) notes.scalar(node, { skip: DOCKER.length });
}

const DOCKER = 'docker://';
