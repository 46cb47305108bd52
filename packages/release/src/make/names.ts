/** How files of a release are named: the one place that knows. */
import type { ReleasedSbom } from '../release.ts';
import type { InputChart } from './inputs.ts';

type Format = ReleasedSbom['format'];

const ENDINGS: Readonly<Record<Format, string>> = { 'cyclonedx-json': 'cdx', 'spdx-json': 'spdx' };

export function signatureName(name: string): string {
  return `${name}.sigstore.json`;
}

export function sbomName(of: string, format: Format): string {
  return `${of}.${ENDINGS[format]}.json`;
}

export function attestationName(of: string, format: Format): string {
  return `${of}.${ENDINGS[format]}.sigstore.json`;
}

export function provenanceName(of: string): string {
  return `${of}.provenance.sigstore.json`;
}

export function manifestName(of: string): string {
  return `${of}.manifest.json`;
}

export function imageBase(image: string, platform?: string): string {
  return platform === undefined || platform === 'image' ? `image-${image}` : `image-${image}-${platform.replace(/[/:]/g, '-')}`;
}

export function chartBase(chart: string): string {
  return `chart-${chart}`;
}

export function archiveName({ chart, version }: Pick<InputChart, 'chart' | 'version'>): string {
  return `${chart.metadata.name}-${version}.tgz`;
}
