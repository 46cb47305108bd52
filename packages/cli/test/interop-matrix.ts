/**
 * The interop matrix: {image, index, chart, SBOM attestation, provenance attestation} × {theirs signs, ours verifies; ours signs, theirs verifies} × {new, old
 * storage} × {registry with the referrers API, without}. Whatever one made, both judge it, and print the same. Then what must not hold: both refuse it with the
 * same exit status and for the same reason.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, type EvidenceKind, moved, removed } from './interop-evidence.ts';
import { type Interop, openInterop, type Party, type Placed, type RegistryKind, STORAGES, type Storage, type Subject } from './interop-scene.ts';
import type { Run } from './run-cli.ts';

/** What is made, and what is then demanded: `fit` is what was signed, `unfit` is not. */
interface Thing {
  readonly thing: string;
  readonly subject: Subject;
  readonly kind: EvidenceKind;
  readonly made: readonly string[];
  readonly fit: readonly string[];
  readonly unfit: readonly string[];
}

interface Cell extends Thing {
  readonly storage: Storage;
  readonly registry: RegistryKind;
  readonly signer: Party;
  readonly verifier: Party;
}

/** Evidence for something else, evidence that was changed, and no evidence. In this order one after the other: each leaves to the next what it needs. */
const WRONGS: readonly Wrong[] = [
  { wrong: 'another key', key: 'other.pub', of: ({ reference }) => reference },
  { wrong: 'an image beside it that nobody signed', of: ({ sibling }) => sibling },
  { wrong: 'the evidence of another image', of: ({ sibling }) => sibling, change: moved },
  { wrong: 'a payload that was changed', of: ({ reference }) => reference, change: changed },
  { wrong: 'evidence that was removed', of: ({ reference }) => reference, change: removed },
];

interface Wrong {
  readonly wrong: string;
  readonly key?: string;
  /** Which image is verified after the change. */
  readonly of: (placed: Placed) => string;
  readonly change?: (placed: Placed, storage: Storage, kind: EvidenceKind) => Promise<void>;
}

/** Declares the tests of one version. */
export function declareMatrix(version: '3.1.3' | '2.6.5'): void {
  const interop = openInterop(version);
  describe.skipIf(interop.missing.length > 0).each(cellsOf(interop).map((cell) => ({ ...cell, name: nameOf(cell) })))('$name', (cell) => {
    const bench = new Bench(interop, cell, version === '2.6.5');
    beforeAll(() => bench.make());

    if (bench.forgetsAnnotations) {
      test('both accept it; annotations are for us alone', () => bench.judgeWithoutAnnotations());
    } else {
      test('both accept it, and print the same', () => bench.judge());
      test(`both refuse ${cell.kind === 'signature' ? 'another annotation' : 'another type'}`, () => bench.expectRefusal({ demand: cell.unfit }));
    }
    if (!['image', 'SBOM attestation'].includes(cell.thing) || cell.registry === 'fallback tag in memory') return;
    test.each(WRONGS)('both refuse $wrong', (wrong) => bench.expectWrong(wrong));
  });
}

function cellsOf({ ours, theirs, scratch }: Interop): Cell[] {
  const directions = [
    { signer: theirs, verifier: ours },
    { signer: ours, verifier: theirs },
  ];
  const things = [
    signed('image'),
    signed('index'),
    signed('chart'),
    attested('SBOM attestation', 'cyclonedx', scratch.path('sbom.json')),
    attested('provenance attestation', 'slsaprovenance1', scratch.path('provenance.json')),
  ];
  return things.flatMap((thing) =>
    directions.flatMap((direction) => STORAGES.flatMap((storage) => registriesFor(thing).map((registry) => ({ ...thing, ...direction, storage, registry })))),
  );
}

function registriesFor({ thing }: Thing): RegistryKind[] {
  return ['referrers API', 'fallback tag', ...(thing === 'image' ? (['fallback tag in memory'] as const) : [])];
}

function signed(subject: Subject): Thing {
  return {
    thing: subject,
    subject,
    kind: 'signature',
    // Each value is a line of CSV.
    made: ['-a', 'stage=prod,tier=1', '-a', 'imageRef=refs/tags/v1.2.3', '-a', '"note=a, <b> & c"'],
    fit: ['-a', 'imageRef=refs/tags/v1.2.3', '-a', '"note=a, <b> & c",tier=1'],
    unfit: ['-a', 'imageRef=refs/tags/v1.2.4'],
  };
}

function attested(thing: string, type: string, file: string): Thing {
  return { thing, subject: 'image', kind: 'attestation', made: ['--type', type, '--predicate', file], fit: ['--type', type], unfit: ['--type', 'spdxjson'] };
}

function nameOf({ thing, signer, verifier, storage, registry }: Cell): string {
  return `${thing}, ${signer.name} signs, ${verifier.name} verifies, ${storage} storage, ${registry}`;
}

/** One cell: evidence that one of the two made, for both to judge. */
class Bench {
  readonly #interop: Interop;
  readonly #cell: Cell;
  readonly #isSecond: boolean;
  #placed: Placed | undefined;

  constructor(interop: Interop, cell: Cell, isSecond: boolean) {
    this.#interop = interop;
    this.#cell = cell;
    this.#isSecond = isSecond;
  }

  async make(): Promise<void> {
    const { signer, storage, kind, made, subject, registry } = this.#cell;
    this.#placed = await this.#interop.place(subject, registry);
    const key = ['--key', this.#interop.scratch.path('cosign.key'), '--yes'];
    const run = await signer.run([kind === 'signature' ? 'sign' : 'attest', ...signer.signFlags[storage], ...key, ...made, this.#placed.reference]);
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: '' });
  }

  get #made(): Placed {
    if (this.#placed === undefined) throw new Error('nothing was made');
    return this.#placed;
  }

  /** cosign 2 neither signs annotations into bundles nor asks for them there. */
  get forgetsAnnotations(): boolean {
    return this.#isSecond && this.#cell.kind === 'signature' && this.#cell.storage === 'new';
  }

  async judge(): Promise<void> {
    const { our, their } = await this.#verify({ demand: this.#cell.fit });
    expect(our, our.stderr).toMatchObject({ status: 0 });
    expect(their, their.stderr).toMatchObject({ status: 0 });
    expect(our.stdout).toBe(their.stdout);
    expect(headerOf(our)).toBe(headerOf(their));
  }

  async judgeWithoutAnnotations(): Promise<void> {
    const { ours, theirs } = this.#interop;
    const { our, their } = await this.#verify({ demand: [] });
    expect(our, our.stderr).toMatchObject({ status: 0 });
    expect(their, their.stderr).toMatchObject({ status: 0 });
    expect(criticalOf(our)).toEqual(criticalOf(their));
    expect(headerOf(our)).toBe(headerOf(their));
    const demanded = await this.#verifyWith(ours, { demand: this.#cell.fit });
    expect(demanded.status, demanded.stderr).toBe(this.#cell.signer === theirs ? 1 : 0);
    const refused = await this.#verifyWith(ours, { demand: this.#cell.unfit });
    expect(refused).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('missing or incorrect annotation') });
  }

  async expectWrong({ key, of, change }: Wrong): Promise<void> {
    const { storage, kind, fit } = this.#cell;
    await change?.(this.#made, storage, kind);
    await this.expectRefusal({ demand: kind === 'signature' ? [] : fit, reference: of(this.#made), key });
  }

  async expectRefusal(demand: Demand): Promise<void> {
    const { our, their } = await this.#verify(demand);
    expect(our, our.stderr).toMatchObject({ stdout: '' });
    expect(our.status).not.toBe(0);
    expect({ status: our.status, reason: reasonOf(our) }).toEqual(this.#expected(their));
  }

  /** cosign 2 is told which format to expect, and says so when there is none of it; cosign 3 looks for both. */
  #expected(their: Run): { status: number; reason: string } {
    const reason = reasonOf(their);
    if (!this.#isSecond || reason !== 'no valid bundles exist in registry') return { status: their.status, reason };
    return this.#cell.kind === 'signature' ? { status: 10, reason: 'no signatures found' } : { status: 1, reason: 'no matching attestations: ' };
  }

  async #verify(demand: Demand): Promise<{ our: Run; their: Run }> {
    const { ours, theirs } = this.#interop;
    const [our, their] = await Promise.all([this.#verifyWith(ours, demand), this.#verifyWith(theirs, demand)]);
    return { our, their };
  }

  #verifyWith(party: Party, { demand, reference = this.#made.reference, key = 'cosign.pub' }: Demand): Promise<Run> {
    const { kind, storage } = this.#cell;
    const command = kind === 'signature' ? 'verify' : 'verify-attestation';
    return party.run([command, ...party.verifyFlags[storage], '--key', this.#interop.scratch.path(key), ...demand, reference]);
  }
}

interface Demand {
  readonly demand: readonly string[];
  /** Default: what was signed. */
  readonly reference?: string;
  /** Default: the one that signed. */
  readonly key?: string | undefined;
}

export function criticalOf({ stdout }: Run): unknown[] {
  return (JSON.parse(stdout) as { critical: unknown }[]).map(({ critical }) => critical);
}

/** The checks that were made, as both list them. */
export function headerOf({ stderr }: Run): string {
  return stderr.slice(stderr.indexOf('\nVerification for '));
}

/** What follows `Error: `, without the places that ours tells before. */
export function reasonOf({ stderr }: Run): string {
  return /^Error: ([\s\S]*?)\nerror during command execution/m.exec(stderr)?.[1] ?? stderr;
}
