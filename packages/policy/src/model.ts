/**
 * The one policy model: what must be shown of an image before it is let in. Data alone. Every dialect is read into it, `judge` is the only thing that
 * evaluates it, and a dialect writes its own texts from what `judge` answers.
 *
 *   Policy ─► which images, which objects, enforce or warn
 *      └─► Demand ─► all | any | count of demands
 *                    signed, attested: evidence by a signer, found in places, judged under rules
 *                    shown: a condition over everything that its demand has shown
 *                    static, never
 *
 * A demand that nothing satisfies denies: `any` of nothing, a count above its parts, a part that could not be resolved (`never`).
 */
import type { Certificate, FulcioExtension, HashName, JsonObject, PublicKey, TrustedRoot } from '@assay/core';
import type { BuildDemands } from '@assay/slsa';

export interface Policy {
  readonly name: string;
  /** Where it was read: a file, or an object of a cluster. For messages. */
  readonly origin: string;
  readonly images: ImageSelector;
  readonly mode: 'enforce' | 'warn';
  readonly demand: Demand;
}

/** Whether a policy is about an image. `deny`: the patterns could not be read, so that nobody may say the image is not covered. */
export interface ImageSelector {
  readonly patterns: readonly string[];
  matches(image: NamedImage): boolean;
}

/** An image by the names it goes by. */
export interface NamedImage {
  /** As it was written. */
  readonly text: string;
  /** `HOST/REPOSITORY@DIGEST`, or `HOST/REPOSITORY:TAG` as long as nobody has resolved it. */
  readonly canonical: string;
  /** `HOST/REPOSITORY`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

export type Demand =
  | { readonly kind: 'all'; readonly name?: string; readonly of: readonly Demand[] }
  | { readonly kind: 'any'; readonly name?: string; readonly of: readonly Demand[] }
  | { readonly kind: 'count'; readonly name?: string; readonly least: number; readonly of: readonly Demand[] }
  | SignedDemand
  | AttestedDemand
  | { readonly kind: 'shown'; readonly name?: string; readonly of: Demand; readonly condition: Condition; readonly needs?: readonly Circumstance[] }
  | { readonly kind: 'static'; readonly name?: string; readonly admits: boolean; readonly message: string }
  /** What cannot hold: a key that is not there, a reference that leads nowhere. */
  | { readonly kind: 'never'; readonly name?: string; readonly says: string };

export interface SignedDemand {
  readonly kind: 'signed';
  readonly name?: string;
  readonly by: Signer;
  readonly from: Places;
  /** That must be signed with these texts. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly maxAgeSeconds?: number;
  /** What the signer's certificate must say of the build besides. */
  readonly build?: BuildDemands;
}

export interface AttestedDemand {
  readonly kind: 'attested';
  readonly name?: string;
  /** A URI, compared exactly. Undefined: whatever it is. */
  readonly predicateType: string | undefined;
  /** A short name that stands for it, and that decides in which form conditions see the predicate. */
  readonly typeAsWritten?: string;
  readonly by: Signer;
  readonly from: Places;
  /** `some`: one statement of the type that holds is enough. `every`: there is one, and all of them hold. */
  readonly which: 'some' | 'every';
  readonly conditions: readonly Condition[];
  readonly maxAgeSeconds?: number;
  /** The statement is provenance of a build like this. */
  readonly build?: BuildDemands;
}

/** Who must have signed, and what must vouch for it. */
export interface Signer {
  readonly who: Who;
  readonly rules: Rules;
}

export type Who =
  /** Any of the keys. */
  | { readonly kind: 'keys'; readonly keys: readonly PublicKey[]; readonly hashes?: readonly HashName[] }
  | { readonly kind: 'identities'; readonly identities: readonly IdentityPattern[] }
  /** This certificate, chaining to one of the authorities. */
  | { readonly kind: 'certificate'; readonly certificate: Certificate };

export interface IdentityPattern {
  readonly subject: TextPattern;
  readonly issuer: TextPattern;
  readonly extensions?: Readonly<Partial<Record<FulcioExtension, TextPattern>>>;
}

/** `{tag}` in an exact text or a pattern stands for the image's own tag, escaped, where `tag` is true. */
export type TextPattern =
  | { readonly kind: 'exact'; readonly text: string; readonly tag?: true }
  /** RE2; `search` finds it anywhere, `whole` matches all of the text. */
  | { readonly kind: 'regexp'; readonly pattern: string; readonly mode: 'search' | 'whole'; readonly tag?: true }
  /** `*` any characters, `?` one. */
  | { readonly kind: 'wildcard'; readonly pattern: string }
  /** All of them hold. */
  | { readonly kind: 'both'; readonly of: readonly TextPattern[] }
  | { readonly kind: 'either'; readonly of: readonly TextPattern[] };

export interface Rules {
  /** Each part of the trust from a root of its own. */
  readonly authorities: RootReference;
  readonly ctLogs: RootReference;
  readonly logs: RootReference;
  readonly timestamps: RootReference;
  /** `ignored`: what a log says neither helps nor harms. */
  readonly log: 'required' | 'ignored';
  /** A log that is asked for entries that evidence of the older formats does not carry: that of the trusted root, or else this one. */
  readonly searchLog?: { readonly url?: string | undefined; readonly ofRoot?: true };
  readonly sct: 'required' | 'ignored';
  readonly timestamp: 'required' | 'optional';
}

/** `default`: public Sigstore's, or what the user put in its place. */
export type RootReference = 'default' | { readonly name: string } | { readonly root: TrustedRoot };

export interface Places {
  /** Instead of the image's own repository, or besides. */
  readonly repository?: string;
  readonly tagPrefix?: string;
  /** `all` without it. */
  readonly only?: 'bundles' | 'tags';
  /** Names of secrets of the workload's namespace that log in, instead of those of the pod. */
  readonly pullSecrets?: readonly string[];
}

/** Facts of the object that is reviewed, and of the image. Verdicts that depend on them are kept by nobody. */
export type Circumstance = 'spec' | 'metadata' | 'typemeta' | 'config';

/** What a statement, or all that was shown, must satisfy. */
export type Condition =
  /** Over the whole statement, or over all that was shown. `name`: as messages call it. */
  | { readonly language: 'cue' | 'rego'; readonly text: string; readonly name: string }
  /** Over the predicate. */
  | KyvernoConditions
  /** Over the whole statement. */
  | { readonly language: 'values'; readonly path: readonly (string | number)[]; readonly test: ValueTest }
  /** Over the whole statement, as `statement`. */
  | { readonly language: 'cel'; readonly text: string; readonly message?: string };

/** One block of conditions: all of `all`, and any of `any` where there is such a list. */
export interface KyvernoConditions {
  readonly language: 'kyverno';
  /** Undefined: there is no such list. An empty one holds for nothing. */
  readonly any?: readonly KyvernoCondition[] | undefined;
  readonly all: readonly KyvernoCondition[];
  /** Over a predicate, in the context of the rule and the object that are under review. Undefined when it holds, else why not. Errors: `POLICY_EXPRESSION`. */
  evaluate(predicate: JsonObject): Promise<string | undefined>;
}

export interface KyvernoCondition {
  readonly key: unknown;
  readonly operator: string;
  readonly value: unknown;
  readonly message?: string;
}

export type ValueTest =
  | { readonly kind: 'equals'; readonly value: string | number | boolean }
  | { readonly kind: 'in'; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'matches'; readonly pattern: TextPattern }
  | { readonly kind: 'least' | 'most'; readonly value: number }
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' };
