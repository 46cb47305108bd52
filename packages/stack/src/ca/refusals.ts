/** The sentences with which Fulcio refuses (services.md section 3): clients show them, and some look for them. */
import { Refusal } from '../http/refusal.ts';

export const INVALID_SIGNATURE = 'The signature supplied in the request could not be verified';
export const INVALID_PUBLIC_KEY = 'The public key supplied in the request could not be parsed';
export const INSECURE_PUBLIC_KEY = 'The public key supplied in the request is insecure';
export const INVALID_CSR = 'The certificate signing request could not be parsed';
export const INVALID_TOKEN = 'There was an error processing the identity token';
export const CT_FAILED = 'Error entering certificate in CTL';
export const CA_FAILED = 'error communicating with CA backend';

/** 400 with the fixed sentence; `reason` goes into our log only, for the sentence is what clients compare. */
export function refuseRequest(sentence: string, reason: string, cause?: unknown): never {
  throw new Refusal(400, sentence, { cause: cause ?? new Error(reason) });
}

/** 400: the token is nothing that a certificate can be made of, and `reason` says why. Never with the token itself in it. */
export function refuseToken(reason: string, cause?: unknown): never {
  throw new Refusal(400, `${INVALID_TOKEN}: ${reason}`, { cause });
}
