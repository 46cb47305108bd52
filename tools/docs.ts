/**
 * `npm run docs`: writes what is generated from the code. With `--check` it writes nothing and fails when something is out of date.
 *
 * - docs/errors/README.md, from the catalogue of error codes
 * - THIRD-PARTY-NOTICES.md, from the packages that are bundled
 * - docs/policy/assay.policy.schema.json and the CustomResourceDefinition of the chart, from the schema of native policies
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleCli, ROOT } from './bundle.ts';
import { errorPage } from './error-page.ts';
import { notices } from './notices.ts';
import { policyCrdFile, policySchemaFile } from './policy-schema.ts';

const check = process.argv.includes('--check');
const { inputs } = await bundleCli();
const generated: Readonly<Record<string, string>> = {
  'docs/errors/README.md': errorPage(),
  'THIRD-PARTY-NOTICES.md': notices(inputs),
  'docs/policy/assay.policy.schema.json': policySchemaFile(),
  'deploy/charts/assay/crds/imagepolicies.assay.dev.yaml': policyCrdFile(),
};
const outdated = Object.entries(generated).filter(([path, content]) => !isCurrent(join(ROOT, path), content));
for (const [path, content] of outdated) {
  if (!check) write(join(ROOT, path), content);
  console.log(`${path}: ${check ? 'out of date; run npm run docs' : 'written'}`);
}
if (outdated.length === 0) console.log('generated documents: up to date');
process.exitCode = check && outdated.length > 0 ? 1 : 0;

function isCurrent(path: string, content: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8') === content;
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
