/** `assay cosign sign` without a key, against a stack of ours: as a whole process, beside cosign with the same arguments. */
import { join } from 'node:path';
import { encodeBase64, toHex, utf8 } from '@assay/core';
import { sha256 } from '@assay/make';
import { interleave } from './measure.ts';
import { findCosign, type Published, timeProcess } from './published.ts';
import { type Report, times } from './report.ts';
import { type StackProcess, tokensOf, withStack } from './stack-process.ts';

export async function benchSignKeyless(report: Report, published: Published, runs: number): Promise<void> {
  const cosign = findCosign();
  report.title('cosign sign without a key, published build, whole process (an image in the registry of the stack; CA, Rekor v2 and timestamps of the stack)');
  await withStack(published, join(published.folder, 'signing'), async (stack) => {
    const name = `of the time of cosign ${cosign?.version ?? ''}`.trim();
    const signOne = async (program: readonly [string, ...string[]]): Promise<number> => sign(published, stack, program);
    await signOne([published.assay, 'cosign']); // the first run keeps its compiled code
    await report.target({ name, show: times, atMost: 1.5 }, async () => {
      if (cosign === undefined) return undefined;
      const { ours, theirs } = await interleave({ ours: () => signOne([published.assay, 'cosign']), theirs: () => signOne([cosign.path]) }, runs);
      report.line(`ours ${ours.toFixed(0)} ms, cosign ${cosign.version} ${theirs.toFixed(0)} ms (medians of ${runs})`);
      return ours / theirs;
    });
  });
}

/** An image of its own each time: signatures of other runs would be in the way. */
async function sign({ env }: Published, stack: StackProcess, [command, ...first]: readonly [string, ...string[]]): Promise<number> {
  const image = await pushImage(stack);
  const [token = ''] = await tokensOf(stack, [{ kind: 'email', email: 'signer@bench.example' }]);
  const trust = ['--trusted-root', join(stack.folder, 'trusted_root.json'), '--signing-config', join(stack.folder, 'signing_config.json')];
  return timeProcess(command, [...first, 'sign', '--yes', '--identity-token', token, ...trust, image], env);
}

/** Returns its reference, by digest. */
async function pushImage({ endpoints }: StackProcess): Promise<string> {
  const upload = async (bytes: Uint8Array): Promise<{ digest: string; size: number }> => {
    const digest = digestOf(bytes);
    await send(`http://${endpoints.registry}/v2/app/blobs/uploads/?digest=${digest}`, 'POST', bytes, 'application/octet-stream');
    return { digest, size: bytes.length };
  };
  const config = await upload(utf8('{}'));
  const layer = await upload(utf8(encodeBase64(crypto.getRandomValues(new Uint8Array(16)))));
  const manifest = utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/octet-stream', ...layer }],
    }),
  );
  const digest = digestOf(manifest);
  await send(`http://${endpoints.registry}/v2/app/manifests/${digest}`, 'PUT', manifest, MANIFEST);
  return `${endpoints.registry}/app@${digest}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${toHex(sha256(bytes))}`;
}

async function send(url: string, method: string, body: Uint8Array, contentType: string): Promise<void> {
  const answer = await fetch(url, { method, body: Uint8Array.from(body), headers: { 'Content-Type': contentType } });
  if (answer.status !== 201) throw new Error(`${method} ${url} was answered ${answer.status}: ${await answer.text()}`);
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
