/** The commands of cosign: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';
import { GLOBAL_FLAGS } from './flags.ts';

const COPY_DEPRECATED = `there are several options you can use instead:
  - "oras copy -r" will copy images and referring artifacts
  - "cosign save" to write to disk, followed by "cosign load" for a new registry
  - "cosign download" followed by "cosign attach" to just copy the bundle`;

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'public-key', summary: 'Print the public key of a key', load: async () => (await import('./public-key.ts')).command },
  { name: 'import-key-pair', summary: 'Make a key pair of a PEM private key', load: async () => (await import('./import-key-pair.ts')).command },
  { name: 'generate-key-pair', summary: 'Make a key pair', load: async () => (await import('./generate-key-pair.ts')).command },
  { name: 'attest-blob', summary: 'Attest something about a file', load: async () => (await import('./attest-blob.ts')).command },
  { name: 'sign-blob', summary: 'Sign a file', load: async () => (await import('./sign-blob.ts')).command },
  { name: 'attest', summary: 'Attest something about an image', load: async () => (await import('./attest.ts')).command },
  { name: 'sign', summary: 'Sign an image', load: async () => (await import('./sign.ts')).command },
  { name: 'verify', summary: 'Verify a signature on an image', load: async () => (await import('./verify.ts')).command },
  { name: 'verify-attestation', summary: 'Verify an attestation on an image', load: async () => (await import('./verify-attestation.ts')).command },
  { name: 'verify-blob', summary: 'Verify a signature on a blob', load: async () => (await import('./verify-blob.ts')).command },
  { name: 'verify-blob-attestation', summary: 'Verify an attestation on a blob', load: async () => (await import('./verify-blob-attestation.ts')).command },
  {
    name: 'bundle create',
    summary: 'Make a Sigstore bundle of an older one, or of loose files',
    load: async () => (await import('./bundle-create.ts')).command,
  },
  {
    name: 'bundle inspect',
    summary: 'Show what a Sigstore bundle holds, without verifying it',
    load: async () => (await import('./bundle-inspect.ts')).command,
  },
  { name: 'bundle upgrade', summary: 'Make a version 0.3 bundle of an older Sigstore bundle', load: async () => (await import('./bundle-upgrade.ts')).command },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    load: async () => (await import('../cobra/completion.ts')).completionCommand('cosign'),
  },
  { name: 'env', summary: 'Print the environment variables that matter', load: async () => (await import('./env.ts')).command },
  { name: 'initialize', summary: 'Choose the Sigstore instance to trust', load: async () => (await import('./initialize.ts')).command },
  { name: 'signing-config create', summary: 'Make a signing configuration', load: async () => (await import('./signing-config-create.ts')).command },
  { name: 'trusted-root create', summary: 'Make a trusted root', load: async () => (await import('./trusted-root-create.ts')).command },
  {
    name: 'version',
    summary: 'Print the version: GitVersion is the cosign that this build stands in for',
    load: async () => (await import('./version.ts')).command,
  },
  { name: 'attach attestation', summary: 'Store an attestation beside an image', load: async () => (await import('./attach-attestation.ts')).command },
  { name: 'attach sbom', summary: 'Store an SBOM beside an image, unsigned', load: async () => (await import('./attach-sbom.ts')).command },
  { name: 'attach signature', summary: 'Store a signature beside an image', load: async () => (await import('./attach-signature.ts')).command },
  { name: 'clean', summary: 'Take away what belongs to an image', load: async () => (await import('./clean.ts')).command },
  {
    name: 'copy',
    summary: 'Copy an image with everything that belongs to it',
    deprecated: COPY_DEPRECATED,
    load: async () => (await import('./copy.ts')).command,
  },
  { name: 'dockerfile verify', summary: 'Verify the images that a Dockerfile names', load: async () => (await import('./dockerfile-verify.ts')).command },
  {
    name: 'download attestation',
    summary: 'Print the attestations of an image, unverified',
    load: async () => (await import('./download-attestation.ts')).command,
  },
  { name: 'download sbom', summary: 'Print the SBOM attached to an image, unverified', load: async () => (await import('./download-sbom.ts')).command },
  { name: 'download signature', summary: 'Print the signatures of an image, unverified', load: async () => (await import('./download-signature.ts')).command },
  {
    name: 'generate',
    summary: 'Print the payload to sign for an image',
    deprecated: 'generate will be removed in v4.0.0 (see https://github.com/sigstore/cosign/issues/4696). Instead, please use in-toto tooling',
    load: async () => (await import('./generate.ts')).command,
  },
  { name: 'load', summary: 'Put an image that was saved into a registry', load: async () => (await import('./load-image.ts')).command },
  { name: 'login', summary: 'Keep a login for a registry', load: async () => (await import('./login.ts')).command },
  { name: 'manifest verify', summary: 'Verify the images that Kubernetes manifests name', load: async () => (await import('./manifest-verify.ts')).command },
  { name: 'save', summary: 'Save an image with everything that belongs to it as a folder', load: async () => (await import('./save.ts')).command },
  { name: 'tree', summary: 'Show what belongs to an image', load: async () => (await import('./tree.ts')).command },
  {
    name: 'triangulate',
    summary: 'Print where the older format keeps signatures of an image',
    deprecated:
      'triangulate will be removed in v4.0.0 (see https://github.com/sigstore/cosign/issues/4696). Instead, please use `oras discover` or `cosign tree` to show referring artifacts',
    load: async () => (await import('./triangulate.ts')).command,
  },
  { name: 'upload blob', summary: 'Upload files as an image', load: async () => (await import('./upload-blob.ts')).command },
  { name: 'upload wasm', summary: 'Upload a WebAssembly module as an image', load: async () => (await import('./upload-wasm.ts')).command },
  {
    name: '__complete',
    summary: 'Candidates for shell completion',
    hidden: true,
    load: async () => (await import('../cobra/complete.ts')).completeCommand({ commands: COMMANDS, globals: GLOBAL_FLAGS }),
  },
];
