/** The commit that is checked out, as git says it. */
import { execFileSync } from 'node:child_process';

export interface GitHead {
  readonly commit: string;
  readonly time: Date;
}

/** Undefined outside of a repository, and where there is no git. Nothing is believed of it but what the signer states anyway. */
export function gitHead(folder: string): GitHead | undefined {
  try {
    // Plumbing: `git log` and `git show` start programs that the repository's own configuration names.
    const raw = execFileSync('git', ['-C', folder, 'cat-file', '--batch'], { input: 'HEAD\n', encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
    const [, commit] = /^([0-9a-f]{40,64}) commit /.exec(raw) ?? [];
    const [, seconds] = /^committer .* (\d+) [+-]\d{4}$/m.exec(raw) ?? [];
    return commit === undefined || seconds === undefined ? undefined : { commit, time: new Date(Number(seconds) * 1000) };
  } catch {
    return undefined;
  }
}
