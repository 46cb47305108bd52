/** The one HTTP client and the file-or-URL loader. Importing this loads nothing of HTTP: that comes with the first request. */

export type { HttpClient, HttpClientOptions, HttpResponse, HttpStreamResponse, RequestOptions } from './client.ts';
export { createHttpClient, requireOk } from './client.ts';
export type { Environment } from './environment.ts';
export { readFileCapped } from './file.ts';
export type { LoadOptions } from './load.ts';
export { loadFileOrUrl } from './load.ts';
export { redactUrl } from './redact.ts';
