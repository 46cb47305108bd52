/** What the release of the demo consists of. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A tar archive (POSIX.1-1988) with one executable file, `app.sh`. */
export function layer(script: string): Uint8Array {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => value.toString(8).padStart(width, '0');
  header.write('app.sh', 0);
  header.write(octal(0o755, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(script.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  const body = Buffer.alloc(Math.ceil(script.length / 512) * 512);
  body.write(script);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

export function writeChart(folder: string): void {
  mkdirSync(join(folder, 'templates'), { recursive: true });
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: app\nversion: 1.0.0\n');
  writeFileSync(join(folder, 'templates/config.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n');
}

/** CycloneDX 1.6. */
export function sbom(digest: string): object {
  const image = { type: 'container', name: 'app', version: '1.0.0', hashes: [{ alg: 'SHA-256', content: digest.replace('sha256:', '') }] };
  return { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component: image }, components: [{ type: 'file', name: 'app.sh' }] };
}
