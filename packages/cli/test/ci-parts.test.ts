/** What `deploy/` hands out to CI, and `docs/ci.md` about it: held against our own `assay lint`, and against each other. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { runCli, Scratch } from './run-cli.ts';
import { deployFile } from './workflow-file.ts';

const scratch = new Scratch();
const PARTS = ['action.yml', 'github/action.yml', 'github/provenance.yml', 'github/release.yml', 'gitlab/assay.yml', 'gitlab/provenance.yml'];
const pathOf = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const page = readFileSync(pathOf('docs/ci.md'), 'utf8');
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text as string);
const inputsOf = (name: string): readonly string[] => Object.keys(parse(deployFile(name)).inputs ?? parse(deployFile(name)).on.workflow_call.inputs);

describe('assay lint finds', () => {
  test.each([...PARTS.map((name) => `deploy/${name}`), 'docs/ci.md'])('nothing in %s', async (name) => {
    expect(await runCli(['lint', pathOf(name)])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('what would be wrong with them', async () => {
    const changed = scratch.write('.github/workflows/release.yml', deployFile('github/release.yml').replace(/(upload-artifact)@[0-9a-f]{40} # /, '$1@'));
    expect(await runCli(['lint', changed])).toMatchObject({ status: 1, stdout: expect.stringContaining('upload-artifact') });
  });
});

describe('the page', () => {
  test('shows each part', () => expect(blocks).toHaveLength(4));

  test('hands in what the parts take', () => {
    const uses = blocks.slice(0, 3).flatMap((text) => [...text.matchAll(/uses: (\S+)[^\n]*\n(?: +id: .*\n)?( +)with:(?: (\{.*\})|((?:\n\2 {2}.*)+))/g)]);
    const handed = uses.map(([, name = '', , inline, block]) => [name, Object.keys(parse(inline ?? block ?? ''))] as const);
    const ours = handed.filter(([name]) => name.startsWith('OWNER/'));
    expect(ours.map(([name]) => name)).toEqual([
      'OWNER/assay/deploy@COMMIT',
      'OWNER/assay/deploy@COMMIT',
      'OWNER/BUILDERS/.github/workflows/release.yml@COMMIT',
    ]);
    for (const [name, given] of ours) {
      const taken = inputsOf(name.includes('release.yml') ? 'github/release.yml' : 'action.yml');
      for (const one of given) expect(taken, `${name}: ${one}`).toContain(one);
    }
  });

  test('names every input and output of the action', () => {
    const { outputs } = parse(deployFile('action.yml'));
    for (const name of [...inputsOf('action.yml'), ...Object.keys(outputs)]) expect(page).toMatch(new RegExp(`^\\|.*\`${name}\`.*\\|.*\\|$`, 'm'));
  });

  test('hands in what the template for GitLab takes, and extends what it has', () => {
    const [header, template] = parseAllDocuments(deployFile('gitlab/assay.yml')).map((document) => document.toJS());
    const { include, ...jobs } = parse(blocks[3] ?? '');
    expect(Object.keys(include[0].inputs)).toEqual(Object.keys(header.spec.inputs));
    const extended = Object.values(jobs as Record<string, { extends: string; variables?: object }>);
    expect(extended.map((job) => job.extends).sort()).toEqual(
      Object.keys(template)
        .filter((name) => name !== '.assay')
        .sort(),
    );
    for (const job of extended) for (const name of Object.keys(job.variables ?? {})) expect(template[job.extends].script.join('')).toContain(`$${name}`);
  });
});
