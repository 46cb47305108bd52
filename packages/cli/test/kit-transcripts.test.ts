/** Commands about kits with what they print. A manual that cannot rot. */
import { readFileSync } from 'node:fs';
import { serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe } from 'vitest';
import { putKitScene } from './kit-scene.ts';
import { instanceAndRoot, NATIVE_SIGNER } from './material.ts';
import { playOurs, transcriptsIn } from './play-transcripts.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { type Command, expand, normalised } from './transcript.ts';
import { workIn } from './work-in.ts';

const scratch = new Scratch();
workIn(scratch.folder);
let registry: TestRegistry;
let target: TestRegistry;

beforeAll(async () => {
  [registry, target] = await Promise.all([serveRegistry(), serveRegistry()]);
  putKitScene(instanceAndRoot().instance, registry, scratch);
});
afterAll(() => Promise.all([registry.close(), target.close()]));

for (const file of transcriptsIn('kit-transcripts')) {
  describe(file.name, () => playOurs(file, async (command) => steady(await play(command))));
}

/** Only a command that names a registry may open a socket. The kit that is cut is made of the one that was exported. */
async function play({ words, env, line }: Command): Promise<Run> {
  if (line.includes('cut.kit')) scratch.write('cut.kit', readFileSync('release.kit').subarray(0, -4096));
  const [, ...argv] = expand(words, { HOST: registry.host, TARGET: target.host, SIGNER: NATIVE_SIGNER });
  const making: Readonly<Record<string, string>> = line.includes('kit export') ? { ASSAY_TRUST: 'root.json' } : {};
  // A month has gone by on the other side.
  const now = line.includes('kit export') ? {} : { now: new Date('2026-09-24T00:00:00Z') };
  return runCli(argv, { env: { ...making, ...env }, ...now, network: /\$(?:HOST|TARGET)/.test(line) ? 'open' : 'none' });
}

function steady(run: Run): Run {
  const clean = (text: string): string =>
    text
      .replaceAll(target.host, '$TARGET')
      .replaceAll(registry.host, '$HOST')
      .replaceAll(/\b\d+ bytes/g, 'N bytes');
  const { status, stdout, stderr } = normalised(run, 'http://nowhere.invalid', ['0'.repeat(64)]);
  return { status, stdout: clean(stdout), stderr: clean(stderr) };
}
