/** `assay pin` over 2,000 files: found, resolved at a registry on loopback, verified with a key, and written; and the same again, when nothing is left to do. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Published, timeProcess } from './published.ts';
import { type Registry, startRegistry } from './registry.ts';
import type { Report } from './report.ts';

export async function benchPin(report: Report, published: Published): Promise<void> {
  const registry = await startRegistry({ folder: join(published.folder, 'pin-registry'), images: IMAGES });
  try {
    const env = { ...published.env, COSIGN_PASSWORD: '' };
    const prefix = join(published.folder, 'pin');
    timeProcess(published.assay, ['cosign', 'generate-key-pair', '--output-key-prefix', prefix], env);
    timeProcess(published.assay, ['sign', '--key', `${prefix}.key`, ...Array.from({ length: IMAGES }, (_, i) => imageName(registry, i))], env);
    report.title(`assay pin over ${FILES} files with ${IMAGES} distinct images, published build, whole process`);
    let runs = 0;
    let folder = '';
    const pin = (): number => timeProcess(published.assay, ['pin', folder, '--key', `${prefix}.pub`, '--log-threshold', '0'], published.env) / 1000;
    await report.target({ name: 'resolved, verified and written', show: seconds, atMost: 10 }, () => {
      runs += 1;
      folder = writeFiles(join(published.folder, `pin-${runs}`), registry);
      return pin();
    });
    const before = digestsOf(folder);
    await report.target({ name: 'a second run, which verifies again', show: seconds, atMost: 10 }, pin);
    const after = digestsOf(folder);
    await report.target({ name: 'files that it changed', show: String, atMost: 0 }, () => before.filter((digest, i) => digest !== after[i]).length);
    const open = before.length - readdirSync(folder).filter((file) => readFileSync(join(folder, file), 'utf8').includes('sha256:')).length;
    await report.target({ name: 'files without a digest', show: String, atMost: 0 }, () => open);
  } finally {
    await registry.stop();
  }
}

function imageName({ host }: Registry, i: number): string {
  return `${host}/app:${i % IMAGES}`;
}

/** Manifests of some length, values and Compose files in turn. */
function writeFiles(folder: string, registry: Registry): string {
  mkdirSync(folder);
  for (let i = 0; i < FILES; i += 1) {
    const [name, write] = KINDS[i % KINDS.length] ?? KINDS[0];
    writeFileSync(join(folder, `${String(i).padStart(4, '0')}-${name}`), write(imageName(registry, i), imageName(registry, i + 1)));
  }
  return folder;
}

function deployment(one: string, two: string): string {
  const env = Array.from({ length: 20 }, (_, i) => `            - name: SETTING_${i}\n              value: "value ${i}" # why\n`).join('');
  return `# A workload.\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\n  labels: { app.kubernetes.io/name: app }\nspec:\n  replicas: 3\n  template:\n    spec:\n      initContainers:\n        - name: init\n          image: ${one}\n      containers:\n        - name: app\n          image: "${two}" # the app\n          env:\n${env}---\napiVersion: v1\nkind: Service\nmetadata: { name: app }\nspec: { ports: [{ port: 80 }] }\n`;
}

function values(one: string): string {
  const at = one.lastIndexOf(':');
  return `replicaCount: 1\n\nimage:\n  repository: ${one.slice(0, at)}\n  # the release\n  tag: "${one.slice(at + 1)}"\n  pullPolicy: IfNotPresent\n\nresources: {}\n`;
}

function compose(one: string, two: string): string {
  return `services:\n  web:\n    image: ${one}\n    ports: ["80:80"]\n  db:\n    image: '${two}'\n`;
}

function digestsOf(folder: string): string[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) =>
      createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex'),
    );
}

const FILES = 2000;
const IMAGES = 300;
const KINDS = [
  ['deployment.yaml', deployment],
  ['values.yaml', values],
  ['statefulset.yaml', deployment],
  ['compose.yaml', compose],
] as const;
const seconds = (figure: number): string => `${figure.toFixed(1)} s`;
