/** Names of registries and repositories as go-containerregistry checks them strictly, with its texts. */
import { parseGoUrl } from './url.ts';

/** A place for signatures: a repository with its registry, or a registry alone. What is wrong with it, or undefined. */
export function placeProblem(text: string): string | undefined {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(0, slash));
  return /[.:]/.test(first) ? repositoryProblem(first, text.slice(slash + 1)) : registryProblem(text);
}

function repositoryProblem(registry: string, repository: string): string | undefined {
  const length = [...repository].length;
  if (length < 1 || length > 255) return `repository must be between 1 and 255 characters in length: ${repository}`;
  if (!/^[a-z0-9_\-./]*$/.test(repository)) return `repository can only contain the characters \`${REPOSITORY_CHARACTERS}\`: ${repository}`;
  const problem = registryProblem(registry);
  if (problem !== undefined) return problem;
  const isHub = registry === 'docker.io' || registry === 'index.docker.io';
  return isHub && !repository.includes('/') ? "strict validation requires the full repository path (missing 'library')" : undefined;
}

function registryProblem(text: string): string | undefined {
  if (text === '') return 'strict validation requires the registry to be explicitly defined';
  const parsed = parseGoUrl(`//${text}`);
  return typeof parsed === 'object' && parsed.host === text ? undefined : `registries must be valid RFC 3986 URI authorities: ${text}`;
}

const REPOSITORY_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789_-./';
