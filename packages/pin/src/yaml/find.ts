/** What kind of YAML a document is, told by what is in it; the name of the file only helps where that says nothing. */
import { isMap, type Node, type YAMLMap } from 'yaml';
import type { Reading } from '../model.ts';
import { Notes } from '../notes.ts';
import { findInTemplate } from '../template.ts';
import { findInChart } from './chart.ts';
import { findInCompose } from './compose.ts';
import { findInKubernetes } from './kubernetes.ts';
import { findInKustomization } from './kustomize.ts';
import { YamlNotes } from './notes.ts';
import { isProblem, YamlSource } from './source.ts';
import { findInValues } from './values.ts';
import { findInAction, findInWorkflow } from './workflow.ts';

/** `path` with slashes. */
export function findInYaml(text: string, path: string): Reading {
  const source = YamlSource.parse(text);
  if (isProblem(source)) return text.includes('{{') ? findInTemplate(text) : { findings: [], placeholders: [], problem: source };
  const notes = new Notes(source.lines);
  const placeholders = source.roots.flatMap((root) => findInDocument(root, new YamlNotes(source, notes, 'kubernetes'), path));
  return { findings: notes.findings, placeholders };
}

function findInDocument(root: Node, notes: YamlNotes, path: string): readonly string[] {
  const { source } = notes;
  const file = path.slice(path.lastIndexOf('/') + 1);
  const sureness = /values/i.test(file) ? 'values' : 'unknown';
  if (!isMap(root)) {
    findInValues(root, notes.as('helm-values'), sureness);
    return [];
  }
  const has = (key: string): boolean => source.stringAt(root, key) !== undefined;
  if (has('apiVersion') && has('kind')) return findInKubernetes(root, notes);
  if (/^kustomization\.ya?ml$|^Kustomization$/.test(file)) return findInKustomization(root, notes.as('kustomize'));
  if (has('apiVersion') && has('name') && has('version')) findInChart(root, notes.as('helm-chart'));
  else findInOther(root, notes, path, sureness);
  return [];
}

function findInOther(root: YAMLMap, notes: YamlNotes, path: string, sureness: 'values' | 'unknown'): void {
  const { source } = notes;
  const [jobs, runs, services] = (['jobs', 'runs', 'services'] as const).map((key) => source.map(source.get(root, key)));
  if (jobs !== undefined && (source.get(root, 'on') !== undefined || /(?:^|\/)\.\w+\/workflows\//.test(path))) {
    findInWorkflow(jobs, notes.as('workflow'));
    return;
  }
  if (runs !== undefined && source.get(runs, 'using') !== undefined) {
    findInAction(runs, notes.as('workflow'));
    return;
  }
  if (services !== undefined && isCompose(services, notes, path)) {
    findInCompose(services, notes.as('compose'));
    return;
  }
  findInValues(root, notes.as('helm-values'), sureness);
}

/** Values may have services as well: theirs are no Compose services, or look the same. */
function isCompose(services: YAMLMap, { source }: YamlNotes, path: string): boolean {
  if (/(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/.test(path)) return true;
  if (/values[^/]*$/i.test(path)) return false;
  return services.items.every(({ value }) => source.stringAt(value, 'image') !== undefined || source.at(value, 'build') !== undefined);
}
