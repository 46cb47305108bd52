/** The DSSE envelope, with any number of signatures. */
import type { Model } from './model.ts';

/** `payload` and `sig` in base64. */
export const ENVELOPE = { payload: 'text', payloadType: 'text', signatures: [{ keyid: 'text', sig: 'text' }] } as const satisfies Model;
