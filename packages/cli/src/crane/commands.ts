/** The commands of crane: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'append', summary: 'Append tarballs as layers to an image, or to nothing', load: async () => (await import('./append.ts')).command },
  { name: 'blob', summary: 'Read a blob from a registry', load: async () => (await import('./blob.ts')).command },
  { name: 'catalog', summary: 'List the repositories of a registry', load: async () => (await import('./catalog.ts')).command },
  { name: 'config', summary: 'Get the configuration of an image', load: async () => (await import('./config.ts')).command },
  { name: 'copy', summary: 'Copy an image to another place, with the same digest', load: async () => (await import('./copy.ts')).command },
  { name: 'cp', summary: 'Same as copy', load: async () => (await import('./copy.ts')).command },
  { name: 'delete', summary: 'Delete a tag or manifest from its registry', load: async () => (await import('./delete.ts')).command },
  { name: 'digest', summary: 'Get the digest of an image', load: async () => (await import('./digest.ts')).command },
  { name: 'export', summary: 'Export the filesystem of an image as a tarball', load: async () => (await import('./export.ts')).command },
  { name: 'ls', summary: 'List the tags of a repository', load: async () => (await import('./list.ts')).command },
  { name: 'manifest', summary: 'Get the manifest of an image', load: async () => (await import('./manifest.ts')).command },
  { name: 'mutate', summary: 'Change labels, environment, command and the like of an image', load: async () => (await import('./mutate.ts')).command },
  { name: 'pull', summary: 'Save images as a tarball or an OCI layout', load: async () => (await import('./pull.ts')).command },
  { name: 'push', summary: 'Push a tarball or an OCI layout to a registry', load: async () => (await import('./push.ts')).command },
  { name: 'tag', summary: 'Tag an image without downloading it', load: async () => (await import('./tag.ts')).command },
  { name: 'validate', summary: 'Check that an image is well-formed and all of it there', load: async () => (await import('./validate.ts')).command },
  { name: 'version', summary: 'Print the version', load: async () => (await import('./version.ts')).command },
];
