/** The files of a layer, by path; and the layer made of them, whose bytes depend on nothing else. */
import { buffer } from 'node:stream/consumers';
import { OCI_MANIFEST, sourceOf } from '@assay/oci';
import { describeLayer, type Layer, type NewEntry, writeTar } from '@assay/oci/image';

import { gzip } from './gzip.ts';

export type Node =
  | { readonly type: 'file'; readonly content: Uint8Array; readonly executable?: boolean }
  | { readonly type: 'link'; readonly target: string }
  /** Belongs to the user of the image, who may write to it. */
  | { readonly type: 'own-folder' };

/** Paths from the root, without a slash in front. The folders that lead to them come by themselves. */
export type Tree = ReadonlyMap<string, Node>;

/** Owned by root, without a time, sorted by the bytes of the names: every folder stands before what is in it. */
export async function layerOf(tree: Tree, what: string): Promise<Layer> {
  return describeLayer(sourceOf(await buffer(gzip(writeTar(entriesOf(tree))))), OCI_MANIFEST, what);
}

async function* entriesOf(tree: Tree): AsyncGenerator<NewEntry> {
  const folders = [...tree.keys()].flatMap(parents).map((path): [string, Node | undefined] => [path, undefined]);
  const all = new Map<string, Node | undefined>([...folders, ...tree]);
  for (const [path, node] of [...all].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) yield entryOf(path, node);
}

function entryOf(path: string, node: Node | undefined): NewEntry {
  const folder = { name: `${path}/`, type: 'directory', size: 0, mode: 0o755 } as const;
  switch (node?.type) {
    case undefined:
      return { header: folder };
    case 'own-folder':
      return { header: { ...folder, uid: USER_ID, gid: USER_ID } };
    case 'link':
      return { header: { name: path, type: 'symlink', size: 0, mode: 0o777, linkname: node.target } };
    case 'file':
      return {
        header: { name: path, type: 'file', size: node.content.length, mode: node.executable === true ? 0o755 : 0o644 },
        content: sourceOf(node.content).open(),
      };
  }
}

/** `a/b/c` lies in `a` and `a/b`. */
function parents(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** `nonroot`, as the images without a shell that people know have it. */
export const USER_ID = 65_532;
