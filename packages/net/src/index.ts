/** The one HTTP client and the file-or-URL loader. Importing this loads nothing of HTTP: that comes with the first request. */

export type { BodySource } from './body.ts';
export type { CallbackListener, CallbackOptions } from './callback.ts';
export { listenForCallback } from './callback.ts';
export type { HttpClient, HttpClientOptions, HttpResponse, HttpStreamResponse, RequestOptions } from './client.ts';
export { createHttpClient, requireOk } from './client.ts';
export type { Environment } from './environment.ts';
export type { ExchangeEvent } from './exchange-event.ts';
export { readFileCapped } from './file.ts';
export type { GrpcCall } from './grpc.ts';
export { callGrpc } from './grpc.ts';
export type { Credential, Keychain, KeychainOptions } from './keychain.ts';
export { createKeychain } from './keychain.ts';
export type { LoadOptions } from './load.ts';
export { loadFileOrUrl } from './load.ts';
export { removeLogin, storeLogin } from './login.ts';
export { isLoopbackHost } from './loopback.ts';
export type { Mirrors } from './mirrors.ts';
export { loadMirrors, parseMirrors } from './mirrors.ts';
export { redactUrl } from './redact.ts';
export { below, nextLink } from './url.ts';
