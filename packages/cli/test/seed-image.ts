/** Images as builds leave them behind: an OCI layout, of one image or of one for each platform. */
import { utf8 } from '@assay/core';
import { type Descriptor, digestOf, encodeImage, encodeIndex, Layout, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, sourceOf } from '@assay/oci';
import { writeTar } from '@assay/oci/image';
import { elf, goBuildInfo } from '../../sbom/src/make/executable/test/executables.ts';

/** Files of one layer, by path. */
export type LayerFiles = Readonly<Record<string, string | Uint8Array>>;

/** Layers by architecture, the lowest first. Of one architecture it is an image, of more an index. */
export async function writeImage(folder: string, architectures: Readonly<Record<string, readonly LayerFiles[]>>): Promise<void> {
  const layout = Layout.openOrCreate(folder);
  const put = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await layout.putBlob(descriptor, sourceOf(bytes));
    return descriptor;
  };
  const platforms = Object.entries(architectures);
  const children = [];
  for (const [architecture, layers] of platforms) {
    const stored = [];
    for (const files of layers) stored.push(await put(OCI_LAYER, await tarOf(files)));
    const rootfs = { type: 'layers', diff_ids: stored.map(({ digest }) => digest) };
    const config = await put(OCI_CONFIG, utf8(JSON.stringify({ architecture, os: 'linux', config: {}, rootfs })));
    const bytes = encodeImage({ mediaType: OCI_MANIFEST, config, layers: stored });
    await layout.putManifest({ bytes, mediaType: OCI_MANIFEST, ...(platforms.length === 1 && { tag: 'built' }) });
    children.push({ mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length, platform: { os: 'linux', architecture } });
  }
  if (platforms.length === 1) return;
  await layout.putManifest({ bytes: encodeIndex({ mediaType: OCI_INDEX, manifests: children }), mediaType: OCI_INDEX, tag: 'built' });
}

async function tarOf(files: LayerFiles): Promise<Uint8Array> {
  const entries = async function* () {
    for (const [name, content] of Object.entries(files)) {
      const bytes = Buffer.from(content as string);
      yield { header: { name, size: bytes.length, mode: 0o755 }, content: chunk(bytes) };
    }
  };
  const chunks: Uint8Array[] = [];
  for await (const one of writeTar(entries())) chunks.push(one);
  return Buffer.concat(chunks);
}

async function* chunk(bytes: Uint8Array) {
  yield bytes;
}

/** An executable that Go built of these modules, with all that is read of one. */
export function goProgram(main: string, modules: Readonly<Record<string, string>>, text = 'x'): Uint8Array {
  const dependencies = Object.entries(modules).map(([path, version]) => `dep\t${path}\t${version}\th1:AAAA=`);
  const info = goBuildInfo('go1.26.0', [`path\t${main}`, `mod\t${main}\t(devel)\t`, ...dependencies, 'build\t-compiler=gc']);
  return elf([
    { name: '.text', content: text },
    { name: '.go.buildinfo', content: info },
  ]);
}
