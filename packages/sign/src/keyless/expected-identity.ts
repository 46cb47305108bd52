/**
 * Whom a certificate must name that was issued for an identity token (services.md section 3, "Custom extensions").
 *
 * An authority that names someone else is broken or hostile, and it is noticed here, before that name is on public record. How a token's
 * claims become a name is known for the kinds below. Authorities also make names from templates of their own; there, the certificate must
 * at least say which subject it was issued to.
 *
 * | Token has | The certificate names |
 * |---|---|
 * | `email` | this very address |
 * | `job_workflow_ref` (GitHub) | `https://HOST/` and that |
 * | `ci_config_ref_uri` (GitLab) | `https://` and that |
 * | anything else | `sub`, or `sub!DOMAIN`, or whatever it likes when its token subject (.24) is `sub` |
 */
import { type CertificateIdentity, type ExpectedIdentity, exactly, isJsonObject, type Json, type JsonObject, type Matcher } from '@assay/core';
import type { IdentityToken } from '../identity/index.ts';

export function expectedIdentity({ claims, issuer, subject }: IdentityToken, { extensions }: CertificateIdentity): ExpectedIdentity {
  const sub = text(claims['sub']) ?? subject;
  // Older authorities do not write it.
  const stated = extensions.tokenSubject === undefined ? {} : { extensions: { tokenSubject: exactly(sub) } };
  return { san: nameFor(claims, subject, extensions.tokenSubject), issuer: issuerFor(claims, issuer), ...stated };
}

function nameFor(claims: JsonObject, subject: string, tokenSubject: string | undefined): Matcher {
  if (text(claims['email']) === subject) return exactly(subject);
  const workflow = text(claims['job_workflow_ref']);
  if (workflow !== undefined) return matcher(`https://HOST/${workflow}`, (san) => /^https:\/\/[^/]+\/(.*)$/s.exec(san)?.[1] === workflow);
  const pipeline = text(claims['ci_config_ref_uri']);
  if (pipeline !== undefined) return exactly(`https://${pipeline}`);
  if (tokenSubject === subject) return matcher('any name', () => true);
  return matcher(subject, (san) => san === subject || san.startsWith(`${subject}!`));
}

/** The token's own, or the one behind it: an authority may be told to take it from a claim, such as `federated_claims.connector_id`. */
function issuerFor(claims: JsonObject, issuer: string): Matcher {
  const named = new Set([issuer, ...textsIn(claims)]);
  return matcher(issuer, (found) => named.has(found));
}

/** Claims that are text, and those one level below. */
function textsIn(claims: JsonObject): string[] {
  const values = Object.values(claims).flatMap((value) => (isJsonObject(value) ? Object.values(value) : [value]));
  return values.filter((value) => typeof value === 'string');
}

function matcher(pattern: string, matches: (found: string) => boolean): Matcher {
  return { kind: 'pattern', pattern, mode: 'whole', matches };
}

function text(claim: Json | undefined): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined;
}
