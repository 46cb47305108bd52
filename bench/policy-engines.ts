/** CUE and Rego over SBOMs: the policy that the field's walk-through has, compiled once, over 100 KB and 5 MB. And what having the engines ready costs. */
import { PolicyEngines, type PolicyLanguage } from '@assay/policy/engines';
import { median } from './measure.ts';
import { milliseconds, type Report } from './report.ts';

export async function benchPolicyEngines(report: Report, rounds: number): Promise<void> {
  report.title('policy engines: the SBOM policy of the walk-through, compiled, real CUE and OPA as WebAssembly');
  const engines = new PolicyEngines({ timeoutMs: 60_000 });
  try {
    const begun = performance.now();
    await engines.warm();
    report.line(`ready after ${(performance.now() - begun).toFixed(0)} ms`);
    for (const language of ['cue', 'rego'] as const) {
      for (const { size, statement, atMost } of [
        { size: '100 KB', statement: sbom(100_000), atMost: 12 },
        { size: '5 MB', statement: sbom(5_000_000), atMost: 250 },
      ]) {
        const run = () => evaluate(engines, language, statement);
        await run();
        await report.target({ name: `${language} over ${size}`, show: milliseconds, atMost }, async () => {
          const times: number[] = [];
          for (let i = 0; i < rounds; i += 1) times.push(await run());
          return median(times);
        });
      }
    }
  } finally {
    await engines.close();
  }
}

async function evaluate(engines: PolicyEngines, language: PolicyLanguage, data: Uint8Array): Promise<number> {
  const begun = performance.now();
  const failed = await engines.evaluate(language, { policy: POLICIES[language], data, name: 'sbom' });
  if (failed !== undefined) throw new Error(failed.message);
  return performance.now() - begun;
}

/** A statement of about so many bytes, with components as syft writes them. */
function sbom(bytes: number): Uint8Array {
  const component = (i: number) => ({
    'bom-ref': `pkg:npm/package-${i}@1.0.${i}?package-id=${i.toString(16).padStart(16, '0')}`,
    type: 'library',
    name: `package-${i}`,
    version: `1.0.${i}`,
    licenses: [{ license: { id: 'MIT' } }],
    purl: `pkg:npm/package-${i}@1.0.${i}`,
    properties: [{ name: 'syft:package:foundBy', value: 'javascript-package-cataloger' }],
  });
  const count = Math.round(bytes / JSON.stringify(component(1000)).length);
  const metadata = { timestamp: '2026-01-01T00:00:00Z', tools: [{ vendor: 'anchore', name: 'syft', version: '1.52.0' }] };
  const predicate = { bomFormat: 'CycloneDX', specVersion: '1.4', metadata, components: Array.from({ length: count }, (_, i) => component(i)) };
  const subject = [{ name: 'ghcr.io/owner/app', digest: { sha256: 'a'.repeat(64) } }];
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', predicateType: 'https://cyclonedx.org/bom', subject, predicate }));
}

const POLICIES: Readonly<Record<PolicyLanguage, string>> = {
  cue: 'predicateType: "https://cyclonedx.org/bom"\npredicate: { specVersion: "1.4", metadata: { tools: [{ name: "syft" }] } }\n',
  rego: 'package sigstore\nisCompliant { input.predicateType == "https://cyclonedx.org/bom"; input.predicate.metadata.tools[0].name == "syft" }\n',
};
