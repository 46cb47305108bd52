/**
 * An npm package and what its registry has attested: that it was built as the provenance says, and that the registry published just that
 * (slsa.md section 1.10).
 */
import {
  type Bundle,
  type Check,
  failFrom,
  group,
  IN_TOTO_PAYLOAD_TYPE,
  isTrustError,
  isVerified,
  judged,
  notVerified,
  type PublicKey,
  parseStatement,
  pass,
  quote,
  type Statement,
  skip,
  type Verification,
  type Verified,
} from '@assay/core';
import { parseBuilderId } from '../builder-id.ts';
import type { GithubClaims } from '../github-actions/claims.ts';
import { readGithubClaims } from '../github-actions/claims.ts';
import { checkBuildType, checkCommon, readProvenance } from '../github-actions/judge.ts';
import { checkCertifiedSource } from '../github-actions/source.ts';
import type { Provenance } from '../provenance/provenance.ts';
import { type ProvenanceTrust, parseProvenanceBundle, verifyParsedBundle, verifyProvenanceBundle } from '../provenance/verify-bundle.ts';
import { refuse } from '../reference-error.ts';
import { STATEMENT_TYPES } from '../statement-header.ts';
import { checkNpmBuilder, checkNpmStated } from './builder.ts';
import { checkNpmClaims } from './claims.ts';
import { type NpmAttestations, PUBLISH_PREDICATE } from './document.ts';
import { checkPackage, type PackageDemands } from './package-name.ts';

export interface NpmDemands extends PackageDemands {
  readonly source: string;
  readonly builderId?: string | undefined;
  readonly inputs?: ReadonlyMap<string, string> | undefined;
  /** SHA-512 of the tarball, hex. */
  readonly digest: string;
  /** `SLSA_VERIFIER_TESTING`. */
  readonly testing: boolean;
}

export interface NpmTrust extends ProvenanceTrust {
  /** The registry's, by key id. */
  readonly keys: ReadonlyMap<string, PublicKey>;
}

export interface VerifiedPackage {
  readonly verification: Verification;
  readonly builderId?: string;
  readonly commit?: string;
}

export async function verifyNpm({ provenance, publish }: NpmAttestations, demands: NpmDemands, trust: NpmTrust): Promise<VerifiedPackage> {
  const built = await verifyProvenanceBundle(provenance, trust);
  if (built.verified === undefined) return { verification: built };
  const build = judgeBuild(built.verified, demands);
  const published = await verifyPublication(publish, { ...trust, findings: [] });
  const publication = published.verified === undefined ? undefined : readPublication(published.verified);
  const verification = judged(built, [
    ...build.checks,
    group('npm.publish', { pass: 'the registry attests that it published it', fail: 'what the registry attests does not hold' }, [
      ...(published.root.checks ?? []),
      ...(publication === undefined ? [] : [publication.check]),
    ]),
    ...judgePublication(build.provenance, publication?.statement, demands),
  ]);
  return { verification, ...(demands.builderId !== undefined && { builderId: demands.builderId }), ...(build.claims && { commit: build.claims.commit }) };
}

interface JudgedBuild {
  readonly checks: readonly Check[];
  readonly provenance?: Provenance;
  readonly claims?: GithubClaims;
}

function judgeBuild({ identity, content }: Verified, demands: NpmDemands): JudgedBuild {
  if (!isVerified(identity) || !isVerified(content)) throw new TypeError('provenance is judged only after its signature was verified');
  const { check, claims } = readGithubClaims(identity);
  if (claims === undefined) return { checks: [check] };
  const { source, builderId, testing } = demands;
  const builder = checkNpmBuilder(claims, builderId, { testing });
  const read = readProvenance(content);
  const before = [check, checkCertifiedSource(claims, source), ...builder.checks, read.check];
  const { provenance } = read;
  if (provenance === undefined || builderId === undefined) return { checks: before, claims, ...(provenance && { provenance }) };
  const checks = [
    ...before,
    checkBuildType(provenance, nameOf(builder.name)),
    checkNpmStated(provenance.builderId, builderId),
    ...checkCommon(provenance, demands),
    ...(builder.kind === 'cli' ? [group('provenance.npm', CONFIRMED, checkNpmClaims(provenance, claims))] : []),
  ];
  return { checks, provenance, claims };
}

const CONFIRMED = { pass: 'the certificate confirms what the npm command wrote', fail: 'the certificate does not confirm what the npm command wrote' };

function nameOf(builderId: string): string {
  const parsed = parseBuilderId(builderId);
  return 'refusal' in parsed ? builderId : parsed.name;
}

/** The key is named by the bundle, and must be one of the registry's. */
async function verifyPublication(publish: Uint8Array, trust: NpmTrust): Promise<Verification> {
  let bundle: Bundle;
  try {
    bundle = parseProvenanceBundle(publish);
  } catch (error) {
    if (isTrustError(error)) return notVerified([failFrom('npm.publish.bundle', error)]);
    throw error;
  }
  const hint = bundle.material.kind === 'publicKey' ? bundle.material.hint : '';
  const key = trust.keys.get(hint);
  if (key !== undefined) return verifyParsedBundle(bundle, { key }, trust);
  return notVerified([
    refuse('npm.publish.key', {
      error: 'ErrorInvalidSignature',
      text: "could not find a key with the specified 'keyId' and 'keyUsage'",
      code: 'SLSA_NPM_KEY',
      says: 'the key that signed the publication is not one of the registry',
      expected: [...trust.keys.keys()].join(' or ') || 'a key of the registry',
      found: quote(hint),
      spec: SPEC,
    }),
  ]);
}

function readPublication({ content }: Verified): { readonly check: Check; readonly statement?: Statement } {
  const id = 'npm.publish.statement';
  if (!isVerified(content)) throw new TypeError('a publication is judged only after its signature was verified');
  if (content.type !== IN_TOTO_PAYLOAD_TYPE) {
    return {
      check: refuse(id, {
        error: 'ErrorInvalidDssePayload',
        detail: `expected payload type '${IN_TOTO_PAYLOAD_TYPE}', got '${quote(content.type)}'`,
        code: 'SLSA_STATEMENT',
        says: 'the publication is not a statement',
        expected: IN_TOTO_PAYLOAD_TYPE,
        found: quote(content.type),
        spec: SPEC,
      }),
    };
  }
  try {
    const statement = parseStatement(content.bytes);
    if (statement.predicateType.startsWith(PUBLISH_PREDICATE)) return { check: pass(id, 'the registry published it', { spec: SPEC }), statement };
    const found = quote(statement.predicateType);
    const detail = `expected predicate type with prefix '${PUBLISH_PREDICATE}', got '${found}'`;
    const says = 'what the registry signed is no publication';
    return {
      check: refuse(id, { error: 'ErrorInvalidDssePayload', detail, code: 'SLSA_PREDICATE_TYPE', says, expected: PUBLISH_PREDICATE, found, spec: SPEC }),
    };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const says = 'the publication is not a statement';
    return {
      check: refuse(id, { error: 'ErrorInvalidDssePayload', detail: error.message, code: 'SLSA_STATEMENT', says, found: error.message, spec: SPEC }),
    };
  }
}

function judgePublication(provenance: Provenance | undefined, statement: Statement | undefined, demands: NpmDemands): Check[] {
  if (provenance === undefined || statement === undefined) return [skip('npm.package', 'the package was not compared: one of its attestations is refused')];
  return [checkPublished(statement, demands.digest), checkStatementType(provenance), ...checkPackage(provenance, statement, demands)];
}

function checkPublished({ subjects }: Statement, digest: string): Check {
  const id = 'npm.publish.subject';
  if (subjects.some((subject) => subject.digest.get('sha512') === digest)) return pass(id, 'the registry published this very package', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchHash',
    text: `expected hash '${quote(digest)}' not found: artifact hash does not match provenance subject`,
    code: 'SLSA_SUBJECT',
    says: 'the registry published another package',
    expected: `sha512:${quote(digest)}`,
    found: quote(subjects.map((subject) => `sha512:${subject.digest.get('sha512') ?? 'none'}`).join(', ')),
    spec: SPEC,
  });
}

/** Elsewhere nobody asks for it; packages must say it right. */
function checkStatementType({ statementType }: Provenance): Check {
  const id = 'npm.statement.type';
  if (STATEMENT_TYPES.includes(statementType)) return pass(id, 'the provenance is an in-toto statement', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorInvalidDssePayload',
    detail: `expected statement header type one of '${STATEMENT_TYPES.join("', '")}', got '${quote(statementType)}'`,
    code: 'SLSA_STATEMENT',
    says: 'the provenance is no in-toto statement',
    expected: STATEMENT_TYPES.join(' or '),
    found: quote(statementType),
    spec: SPEC,
  });
}

const SPEC = 'slsa.md section 1.10';
