import { isTrustError, utf8 } from '@assay/core';
import type { HttpClient } from '@assay/net';
import { describe, expect, test } from 'vitest';
import { githubToken } from '../../test/github-token.ts';
import { entryPointOf } from './entry-point.ts';
import { readGithubJob } from './github-job.ts';

const RUN = 'https://api.github.com/repos/example/app/actions/runs/13530999644';
const WORKFLOW = 'https://api.github.com/repos/example/app/actions/workflows/99';
const PATH = '.github/workflows/release.yml';

function api(answers: Readonly<Record<string, object | number | string>>) {
  const asked: { url: string; authorization: string | undefined }[] = [];
  const http: HttpClient = {
    async request(url, { headers = {} } = {}) {
      asked.push({ url: String(url), authorization: headers['authorization'] });
      const answer = answers[String(url)] ?? 404;
      const body = typeof answer === 'object' ? JSON.stringify(answer) : String(answer);
      return { status: typeof answer === 'number' ? answer : 200, headers: {}, url: String(url), body: utf8(body) };
    },
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  };
  return { asked, api: { http, token: 'ghs_secret' } };
}

describe('the entry point', () => {
  test('is the workflow of the token where no token of the API is given', async () => {
    expect(await entryPointOf(readGithubJob(githubToken()), undefined)).toBe(PATH);
  });

  test('is asked of the API: run, workflow, path', async () => {
    const { asked, api: given } = api({ [RUN]: { workflow_id: 99 }, [WORKFLOW]: { path: PATH } });
    expect(await entryPointOf(readGithubJob(githubToken()), given)).toBe(PATH);
    expect(asked).toEqual([RUN, WORKFLOW].map((url) => ({ url, authorization: 'Bearer ghs_secret' })));
  });

  test('is not stated when the API names another workflow', async () => {
    const { api: given } = api({ [RUN]: { workflow_id: 99 }, [WORKFLOW]: { path: '.github/workflows/other.yml' } });
    await expect(entryPointOf(readGithubJob(githubToken()), given)).rejects.toSatisfy(
      (error) => isTrustError(error) && error.code === 'PROVENANCE_DISAGREEMENT',
    );
  });

  test.each<[string, Readonly<Record<string, object | number | string>>]>([
    ['may not be asked', { [RUN]: 403 }],
    ['knows no such workflow', { [RUN]: { workflow_id: 99 } }],
    ['answers no JSON', { [RUN]: 'a page' }],
    ['answers an id that is no number', { [RUN]: { workflow_id: '../../x' } }],
  ])('is the workflow of the token when the API %s', async (_, answers) => {
    expect(await entryPointOf(readGithubJob(githubToken()), api(answers).api)).toBe(PATH);
  });

  test('sends no token to an issuer that is not GitHub', async () => {
    const { asked, api: given } = api({});
    expect(await entryPointOf(readGithubJob(githubToken({}, 'https://evil.example')), given)).toBe(PATH);
    expect(asked).toEqual([]);
  });
});
