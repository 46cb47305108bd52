/** Every reference in a text, whatever kind of file it is. */
import { findInDockerfile, looksLikeDockerfile } from './dockerfile.ts';
import type { Reading } from './model.ts';
import { findInYaml } from './yaml/find.ts';

/** `path`, with slashes, only helps where the content does not tell what it is. Never throws: what cannot be read is a `problem`. */
export function findReferences(text: string, path: string): Reading {
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (/\.(?:ya?ml|json)$/i.test(file)) return findInYaml(text, path);
  return DOCKERFILE.test(file) || looksLikeDockerfile(text) ? findInDockerfile(text) : findInYaml(text, path);
}

/** Whether a file found in a folder is worth reading, by its name. */
export function isCandidate(file: string): boolean {
  return /\.ya?ml$|^Kustomization$/i.test(file) || DOCKERFILE.test(file);
}

/** `Dockerfile.dockerignore` lists files. */
const DOCKERFILE = /^(?!.*\.dockerignore$)(?:Dockerfile|Containerfile)(?:[.-].*)?$|\.(?:Dockerfile|Containerfile)$/i;
