/**
 * Commands about builds with what they print: `assay verify --source`, `assay provenance show`, `assay vsa`. A manual that cannot rot.
 *
 * `ASSAY_UPDATE=1 vitest run packages/cli/test/build-transcripts.test.ts` writes the outputs anew: read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { utf8 } from '@assay/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { olderFile } from '../../slsa/test/older-envelope.ts';
import { CONTENT, OWN, openBuildScene, type Statement } from './build-scene.ts';
import { DISPATCHED, GENERIC, sha256Of, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import { type Run, runCli } from './run-cli.ts';
import { type Command, expand, normalised, parseTranscript } from './transcript.ts';

const folder = fileURLToPath(new URL('./build-transcripts', import.meta.url));
const updating = process.env['ASSAY_UPDATE'] === '1';
const { scratch, instance, sign, root } = openBuildScene();
const before = process.cwd();

beforeAll(async () => {
  process.chdir(scratch.folder);
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
afterAll(() => process.chdir(before));

for (const name of readdirSync(folder)) {
  const path = `${folder}/${name}`;
  const transcript = parseTranscript(readFileSync(path, 'utf8'));
  const outputs: Run[] = [];
  describe(basename(name, '.txt'), () => {
    test.each(transcript.commands)('$section $line', async (command) => {
      const run = normalised(await play(command), 'http://nowhere.invalid', [sha256Of(CONTENT), sha256Of('allow\n')]);
      outputs.push(run);
      if (!updating) expect(run).toEqual(command.expected);
    });
    if (updating) afterAll(() => writeFileSync(path, transcript.print(outputs)));
  });
}

/** Nothing opens a socket. */
function play({ words, env }: Command): Promise<Run> {
  const [, ...argv] = expand(words, {});
  return runCli(argv, { env: { ASSAY_TRUST: root.replace(`${scratch.folder}/`, ''), COSIGN_PASSWORD: 'secret', ...env } });
}
