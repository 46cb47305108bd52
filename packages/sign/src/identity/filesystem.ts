/** A token in a file, such as a projected service account token of Kubernetes. */
import { existsSync } from 'node:fs';
import { decodeUtf8, quote } from '@assay/core';
import { readFileCapped } from '@assay/net';
import { MAX_TOKEN_LENGTH } from './identity-token.ts';
import { type AmbientProvider, refuse } from './provider.ts';
import { placesOf } from './token-context.ts';

export const filesystem: AmbientProvider = {
  isHere: (context) => existsSync(placesOf(context).tokenFile),

  async token(context) {
    const { tokenFile } = placesOf(context);
    return decodeUtf8(readFileCapped(tokenFile, MAX_TOKEN_LENGTH)) ?? refuse(`${quote(tokenFile)}: not text`);
  },
};
