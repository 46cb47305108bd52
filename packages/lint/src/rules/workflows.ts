/** Workflows, Kubernetes objects, Compose files: what is used by tag, and what may fail. */
import type { Page } from '../page.ts';
import { at, mapsIn, textAt, type YamlEntry, type YamlMap, type YamlNode, type YamlScalar } from '../read/yaml.ts';
import { checkUsedByTag } from './images.ts';

export function checkWorkflow(page: Page, document: YamlNode): void {
  const isKubernetes = textAt(document, 'apiVersion') !== undefined && textAt(document, 'kind') !== undefined;
  for (const { map, path } of mapsIn(document)) {
    for (const entry of map.entries) checkEntry(page, entry, map, isImagePlace(path, isKubernetes) ? 'certain' : 'likely');
    checkMayFail(page, map);
  }
}

/** Also of a text that does not parse, where nothing is known of what is around. */
export function checkEntry(page: Page, { key, node }: YamlEntry, map: YamlMap | undefined, place: 'certain' | 'likely'): void {
  if (node.kind !== 'scalar') return;
  if (key === 'uses') checkUses(page, node);
  else if (key === 'image' && at(map, 'build') === undefined) checkUsedByTag(page, node.value, place);
  else if (key === 'container' && place === 'certain') checkUsedByTag(page, node.value, place);
  else if (key === 'COSIGN_EXPERIMENTAL' && /^(?:1|true)$/i.test(node.text)) reportExperimental(page, node.value);
}

/** Containers of pods, and of jobs, whatever leads to them; services of Compose. */
function isImagePlace(path: readonly string[], isKubernetes: boolean): boolean {
  const [first] = path;
  const last = path.at(-1) ?? '';
  if (isKubernetes) return /^(?:init|ephemeral)?[cC]ontainers$/.test(last) && path.includes('spec');
  return (first === 'jobs' && (path.length === 2 || last === 'container' || path.at(-2) === 'services')) || (first === 'services' && path.length === 2);
}

function checkUses(page: Page, node: YamlScalar): void {
  const { text, value } = node;
  if (text.startsWith('docker://')) {
    checkUsedByTag(page, value, 'certain');
    return;
  }
  const [, action, ref = ''] = /^([\w.-]+\/[\w.-]+(?:\/[\w./-]+)?)@(\S+)$/.exec(text) ?? [];
  if (action === undefined || /^[\da-f]{40}$|^[\da-f]{64}$|^[<$[{]|^(?:SHA|COMMIT|DIGEST|HASH)/.test(ref)) return;
  // slsa-verifier knows the builder by its tag, and refuses a commit.
  if (/^slsa-framework\/slsa-github-generator\/\.github\/workflows\//.test(action) && /^v\d+\.\d+\.\d+/.test(ref)) return;
  page.report('action-not-pinned', value, { says: `${ref} can be moved to other code`, correction: `${action}@COMMIT # ${ref}` });
}

/** `continue-on-error: true` on a step that verifies, `allow_failure: true` on a job. */
function checkMayFail(page: Page, map: YamlMap): void {
  for (const [flag, scripts] of MAY_FAIL) {
    const node = at(map, flag);
    if (node?.kind !== 'scalar' || node.text !== 'true') continue;
    const texts = scripts.flatMap((key) => textsOf(at(map, key)));
    if (!texts.some((text) => VERIFIES.test(text))) continue;
    page.report('result-ignored', node.value, { says: 'the verification may fail, and all goes on', correction: 'false', fixable: true });
  }
}

function textsOf(node: YamlNode | undefined): readonly string[] {
  if (node?.kind === 'list') return node.items.flatMap(textsOf);
  return node?.kind === 'scalar' ? [node.text] : [];
}

export function reportExperimental(page: Page, place: { readonly start: number; readonly end: number }): void {
  // The one thing that it still unlocks.
  if (page.text.includes('oci-1-1')) return;
  page.report('deprecated', place, { says: 'COSIGN_EXPERIMENTAL does nothing since version 2: keyless is what cosign does', correction: '' });
}

const MAY_FAIL: readonly (readonly [string, readonly string[]])[] = [
  ['continue-on-error', ['run']],
  ['allow_failure', ['script', 'before_script', 'after_script']],
];
const VERIFIES = /\b(?:cosign\s+verify|slsa-verifier\s+verify|gh\s+(?:attestation|at)\s+verify|assay\s+verify|sha\d+sum\s+(?:-c|--check))/;
