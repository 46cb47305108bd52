/**
 * Which workflow a run was started from, as GitHub's API tells it (slsa.md section 2.2): run → workflow → path.
 *
 * The token says it too (`workflow_ref`), and certificates are made of the token, so that is what verifiers compare with. The API is a second opinion for
 * those who give a token for it; where it does not answer, the identity token's word stands.
 */
import { type JsonObject, tryParseJsonObject } from '@assay/core';
import type { HttpClient } from '@assay/net';
import { refuseDisagreement } from './disagreement.ts';
import type { GithubJob } from './github-job.ts';

export interface GithubApi {
  readonly http: HttpClient;
  /** With the permission `actions: read`. */
  readonly token: string;
}

/** Two requests. Errors: `PROVENANCE_DISAGREEMENT`, `NET_…`. */
export async function entryPointOf(job: GithubJob, api: GithubApi | undefined): Promise<string> {
  if (api === undefined || job.api === undefined) return job.workflowPath;
  const base = `${job.api}/repos/${job.repository}/actions`;
  const id = (await ask(`${base}/runs/${job.runId}`, api))?.['workflow_id'];
  const path = Number.isSafeInteger(id) ? (await ask(`${base}/workflows/${String(id)}`, api))?.['path'] : undefined;
  if (typeof path === 'string') refuseDisagreement({ where: "the workflow's path in GitHub's API", value: path }, job.workflowPath);
  return job.workflowPath;
}

async function ask(url: string, { http, token }: GithubApi): Promise<JsonObject | undefined> {
  const headers = { accept: 'application/vnd.github+json', authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28' };
  const { status, body } = await http.request(url, { headers, maxBytes: MAX_ANSWER_BYTES });
  return status === 200 ? tryParseJsonObject(body) : undefined;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
