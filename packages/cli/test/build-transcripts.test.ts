/**
 * Commands about builds with what they print: `assay verify --source`, `assay provenance show`, `assay vsa`. A manual that cannot rot.
 */
import { utf8 } from '@assay/core';
import { beforeAll, describe } from 'vitest';
import { olderFile } from '../../slsa/test/older-envelope.ts';
import { CONTENT, OWN, openBuildScene } from './build-scene.ts';
import { playOurs, transcriptsIn } from './play-transcripts.ts';
import { DISPATCHED, GENERIC, type Statement, sha256Of, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import { type Run, runCli } from './run-cli.ts';
import { type Command, expand, normalised } from './transcript.ts';
import { workIn } from './work-in.ts';

const { scratch, instance, sign, root } = openBuildScene();
workIn(scratch.folder);
beforeAll(async () => {
  const file = (name: string, evidence: string | Uint8Array): void => {
    scratch.write(name, CONTENT);
    scratch.write(`${name}.intoto.jsonl`, evidence);
  };
  file('app', sign().bundleBytes);
  const disagreeing = (statement: Statement) => JSON.parse(JSON.stringify(statement).replaceAll(/"sha1":"\w+"/g, `"sha1":"${'f'.repeat(40)}"`)) as object;
  file('disagreeing', sign({ edit: disagreeing }).bundleBytes);
  file('dispatched', sign({ source: DISPATCHED }).bundleBytes);
  file('self-hosted', sign({ builder: OWN, sign: { githubClaims: { runner_environment: 'self-hosted' } } }).bundleBytes);
  file(
    'old',
    olderFile(instance, { ...signedBy(GENERIC, TAGGED, {}), payload: utf8(JSON.stringify(statementOf(GENERIC, TAGGED, { app: CONTENT }))) }).certified,
  );
  scratch.write('bare', CONTENT);
  await runCli(['cosign', 'generate-key-pair', '--output-key-prefix', 'verifier'], { env: { COSIGN_PASSWORD: 'secret' } });
});

for (const file of transcriptsIn('build-transcripts')) {
  const known = [sha256Of(CONTENT), sha256Of('allow\n')];
  describe(file.name, () => playOurs(file, async (command) => normalised(await play(command), 'http://nowhere.invalid', known)));
}

/** Nothing opens a socket. */
function play({ words, env }: Command): Promise<Run> {
  const [, ...argv] = expand(words, {});
  return runCli(argv, { env: { ASSAY_TRUST: root.replace(`${scratch.folder}/`, ''), COSIGN_PASSWORD: 'secret', ...env } });
}
