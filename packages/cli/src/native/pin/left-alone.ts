/** References that are found, and are not this run's to pin. */
import type { Finding, Site } from '@assay/pin';
import type { PinFile } from './files.ts';

export interface Searched {
  readonly file: PinFile;
  readonly findings: readonly Finding[];
}

/** `patterns` are those of `--except`. */
export function withoutLeftAlone(files: readonly PinFile[], patterns: readonly string[]): readonly Searched[] {
  const excepted = patterns.map(patternOf);
  const placeholders = new Set(files.flatMap(({ reading }) => reading.placeholders));
  return files.map((file) => ({
    file,
    findings: file.reading.findings.map((finding): Finding => {
      if (excepted.some((pattern) => pattern.test(finding.reference) || pattern.test(nameOf(finding)))) return leftAlone(finding, 'excepted with --except');
      return isPlaceholder(finding, placeholders) ? leftAlone(finding, 'a kustomization says which image it is') : finding;
    }),
  }));
}

function leftAlone(finding: Finding, reason: string): Finding {
  const { kind, format, line, offset, reference } = finding;
  return { what: 'skipped', kind, format, line, offset, reference, reason };
}

function nameOf(finding: Finding): string {
  return finding.what === 'site' ? finding.written.name : finding.reference.replace(/(?::[^/:@]*)?(?:@.*)?$/, '');
}

/** `image: app` in a manifest, where a kustomization has `images: [{ name: app, newTag: … }]`. One with a tag of its own may be used without. */
function isPlaceholder(finding: Finding, names: ReadonlySet<string>): finding is Site {
  if (finding.what !== 'site' || finding.format !== 'kubernetes') return false;
  const { name, tag, digest } = finding.written;
  return tag === undefined && digest === undefined && names.has(name);
}

function patternOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
