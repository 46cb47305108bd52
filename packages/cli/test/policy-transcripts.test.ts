/** Commands about policies with what they print: `assay policy check|test|convert|learn`, `assay verify --policy`. A manual that cannot rot. */
import { utf8 } from '@assay/core';
import { putImage, type SignOptions } from '@assay/testkit';
import { afterAll, beforeAll, describe } from 'vitest';
import { openScene, type Scene } from '../../policy/test/scene.ts';
import { playOurs, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { type Command, expand, normalised } from './transcript.ts';
import { workIn } from './work-in.ts';

const scratch = new Scratch();
workIn(scratch.folder);
let scene: Scene;

const job = (tag: string): SignOptions => {
  const ref = `refs/tags/v${tag}`;
  const workflow = `acme/app/.github/workflows/release.yml@${ref}`;
  return { githubClaims: { repository: 'acme/app', ref, job_workflow_ref: workflow, workflow_ref: workflow } };
};

beforeAll(async () => {
  scene = await openScene();
  const { instance, registry } = scene;
  const [first, , third] = [
    scene.image({ repository: 'app-1', tag: '1.2.3' }),
    scene.image({ repository: 'app-2', tag: '1' }),
    scene.image({ repository: 'app-3', tag: '1.2.4' }),
  ];
  first?.sign(job('1.2.3'));
  third?.sign(job('1.2.4'));
  third?.sign({ identity: { type: 'email', value: 'mallory@example.org' } });
  // The same image by another name.
  putImage(registry.content, 'app-1', { tag: '1', layers: [{ mediaType: 'text/plain', bytes: utf8('app-1:1.2.3') }] });
  const content = 'a release\n';
  scratch.write('app.tar.gz', content);
  scratch.write('app.tar.gz.sigstore.json', instance.sign(utf8(content), job('1.2.3')).bundleBytes);
  scratch.write('root.json', instance.trustedRoot());
  scratch.write(
    'assay.policy.yaml',
    native('app', `images: ['${registry.host}/**']\nsigners:\n  - { github: acme/app, workflow: release.yml, tag: 'v{tag}' }`),
  );
  scratch.write('warn.yaml', native('app', 'mode: warn\nsigners: [{ github: acme/app }]'));
  scratch.write('release.yaml', native('release', `signers: [{ github: acme/app, workflow: release.yml, ref: refs/tags/v1.2.3 }]`));
  scratch.write(
    'wrong.yaml',
    native('app', 'imagse: [ghcr.io/acme/app]\nsigners: [{ github: acme }]\nattestations: [{ type: cyclonedx, maxAge: soon }]\nmode: warm'),
  );
  const keyless = { issuer: 'https://token.actions.githubusercontent.com', subjectRegExp: '^https://github.com/acme/app/.*$' };
  scratch.write('cip.yaml', cip([{ keyless: { identities: [keyless] } }]));
  scratch.write('bad-cip.yaml', cip([{ keyless: { identities: [{ subject: 'a@b' }] } }]));
  scratch.write('pod.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: { name: x }\n');
});
afterAll(() => scene.close());

function native(name: string, spec: string): string {
  return `apiVersion: assay.dev/v1alpha1\nkind: ImagePolicy\nmetadata: { name: ${name} }\nspec:\n  ${spec.replaceAll('\n', '\n  ')}\n`;
}

function cip(authorities: readonly object[]): object {
  return {
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'signed' },
    spec: { images: [{ glob: '**' }], authorities },
  };
}

for (const file of transcriptsIn('policy-transcripts')) {
  describe(file.name, () => playOurs(file, async (command) => normalised(await play(command), scene.registry.host, [])));
}

/** Only a command that names our registry may open a socket. */
function play({ words, env, line }: Command): Promise<Run> {
  const [, ...argv] = expand(words, { HOST: scene.registry.host });
  return runCli(argv, { env: { ASSAY_TRUST: 'root.json', ...env }, network: line.includes('$HOST') ? 'open' : 'none' });
}
