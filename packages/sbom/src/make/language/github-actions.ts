/** Actions and workflows that workflows of GitHub use: `uses: owner/name/path@ref # v1.2.3`. Where a commit stands, the comment says the version. */
import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Package } from '../../inventory.ts';
import type { Catalog, Cataloger, FoundFile } from '../cataloger.ts';
import { decodeText, guarded, YAML_OPTIONS } from './documents.ts';
import { type Found, FoundPackages, type Report } from './found-packages.ts';

export const githubActions: Cataloger = { name: 'github-actions', finds: 'declared', open: () => new GithubActionsCatalog() };

class GithubActionsCatalog implements Catalog {
  readonly #found = new FoundPackages(githubActions.name, 'github-action');

  wants({ path, isHidden }: FoundFile): boolean {
    return !isHidden && FILES.test(path);
  }

  read(file: FoundFile, content: Uint8Array, report: Report): void {
    const uses = guarded('YAML', () => {
      const document = parseDocument(decodeText(content, MAX_BYTES), YAML_OPTIONS);
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return usesIn(document);
    });
    for (const { value, comment } of uses) this.#found.add(file, actionOf(value, comment), report);
  }

  packages(): Package[] {
    return this.#found.all();
  }
}

interface Use {
  readonly value: string;
  readonly comment: string;
}

/** Of jobs, their steps, and the steps of an action. */
function usesIn(document: Document): Use[] {
  const jobs = document.getIn(['jobs']);
  const each = isMap(jobs) ? jobs.items.map(({ value }) => value) : [];
  return [...each.flatMap((job) => [...useOf(job), ...stepsOf(job)]), ...stepsOf(document.getIn(['runs']))];
}

function stepsOf(value: unknown): Use[] {
  const steps = isMap(value) ? value.get('steps', true) : undefined;
  return isSeq(steps) ? steps.items.flatMap(useOf) : [];
}

function useOf(value: unknown): Use[] {
  const uses = isMap(value) ? value.get('uses', true) : undefined;
  return isScalar(uses) && typeof uses.value === 'string' && uses.value !== '' ? [{ value: uses.value, comment: uses.comment ?? '' }] : [];
}

function actionOf(use: string, comment: string): Found {
  const [name = '', ref = '', ...more] = use.split('@');
  const version = /^[0-9a-f]{7,}$/.test(ref) ? (/v?\d+(?:\.\d+)*/.exec(comment)?.[0] ?? ref) : ref;
  const [path, known] = more.length > 0 ? [use, ''] : [name, version];
  const [namespace = '', repository = '', ...below] = path.split('/');
  const type = path.includes('.github/workflows/') ? 'github-action-workflow' : 'github-action';
  // A folder of the same repository, and images, are none of GitHub's.
  const isOfGithub = repository !== '' && !['.', '..'].includes(namespace) && !namespace.includes(':');
  const purl: Found['purl'] = isOfGithub
    ? { type: 'github', namespace, name: repository, subpath: below.join('/') }
    : { type: 'generic', name: path.replace(/^(?:\.\/)+/, '') };
  return { name: path, version: known, type, purl };
}

const FILES = /\/\.github\/(?:workflows\/[^/]+|actions\/[^/]+\/action)\.ya?ml$/;
const MAX_BYTES = 4 * 1024 * 1024;
