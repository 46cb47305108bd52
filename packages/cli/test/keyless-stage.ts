/** Where the keyless transcripts play: services that work, refuse, lie or are down, and files that name them; the same for us and for the real cosign. */
import { readFileSync } from 'node:fs';
import { fulcioStub, type Handler, PERSON, personToken, rekorV1Stub, type Server, serve } from '@assay/testkit';
import { svids, workloadApi } from '../../sign/test/workload-api.ts';
import { DOWN, type KeylessWorld, openKeylessWorld } from './keyless-world.ts';
import { serveOidc } from './oidc-stub.ts';
import { type Run, runCosign, type Scratch } from './run-cli.ts';
import { type Command, expand, expandEnv } from './transcript.ts';

export interface Played {
  readonly program: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Buffer;
  readonly home: string;
  readonly now: Date;
}

export interface KeylessStage {
  play(command: Command, run: (played: Played) => Promise<Run>): Promise<Run>;
  close(): Promise<void>;
}

export async function openKeylessStage(scratch: Scratch): Promise<KeylessStage> {
  // A foreign program has a clock of its own.
  const now = new Date();
  const world = await openKeylessWorld(scratch, now);
  const [refusing, lying] = (['status-400', 'other-identity'] as const).map((fault) => fulcioStub(world.instance, { fault }));
  const log = rekorV1Stub(world.instance);
  let isDown = true;
  const more: Server[] = [];
  for (const handler of [refusing, lying, (request: Request) => (isDown ? DOWN(request) : log(request))]) {
    if (handler !== undefined) more.push(await serve(handler));
  }
  await writeFiles(scratch, world, more.map(({ url }) => url) as [string, string, string]);
  const token = readFileSync(world.token, 'utf8');
  const workloadToken = personToken({ sub: 'spiffe://example.org/me' }, { now });
  const oidc = await serveOidc(() => now);
  const machine = await serve(tokensOf(token));
  const image = world.image();
  const values = {
    CA: world.urls.ca,
    LOG: world.urls.v1,
    TSA: world.urls.tsa,
    IMAGE: image,
    TAG: image.replace(/@.*/, ':1'),
    OTHER: world.image(),
    HOST: world.registry.host,
    OIDC: oidc.url,
    ACTIONS: `${machine.url}/actions`,
    BUILDKITE: `${machine.url}/buildkite`,
    EMAIL: PERSON.email,
    ISSUER: PERSON.iss,
    TOKEN: token,
  };
  return {
    async play({ words, env, input }, run) {
      const isWorkload = env['SPIFFE_ENDPOINT_SOCKET'] !== undefined;
      const everything = { ...values, SPIFFE: isWorkload ? (await workloadApi({ message: svids(workloadToken) })).socketPath : '' };
      const [program = '', ...argv] = expand(words, everything);
      // Once ours is asked to complete what was left, the log is back.
      if (program === 'assay') isDown = false;
      const stdin = input === undefined ? Buffer.alloc(0) : readFileSync(scratch.path(input));
      const played = { program, argv, env: expandEnv(env, everything), stdin, home: scratch.folder, now };
      return steady(await run(played), [...more.map(({ url }): [string, string] => [url, '$SERVICE']), ...names(values)], scratch);
    },
    async close() {
      await Promise.all([world.close(), oidc.close(), machine.close(), ...more.map((server) => server.close())]);
    },
  };
}

/** What CI systems have for their jobs. */
function tokensOf(token: string): Handler {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const authorization = request.headers.get('authorization');
    switch (`${request.method} ${pathname}`) {
      case 'GET /actions/token':
        return authorization === 'bearer bearer' && searchParams.get('audience') === 'sigstore'
          ? Response.json({ value: token })
          : Response.json({ message: 'who are you?' }, { status: 401 });
      case 'POST /buildkite/jobs/job/oidc/tokens':
        return authorization === 'Token agent' ? Response.json({ token }) : Response.json({ message: 'who are you?' }, { status: 401 });
      default:
        return DOWN(request);
    }
  };
}

async function writeFiles(scratch: Scratch, world: KeylessWorld, [refusing, lying, down]: [string, string, string]): Promise<void> {
  for (const services of [['v1'], ['v1', 'tsa'], ['v2', 'tsa'], ['v2']] as const) {
    scratch.write(`${services.join('-')}.json`, readFileSync(world.config(...services)));
  }
  const { caUrls, rekorTlogUrls, ...rest } = JSON.parse(readFileSync(world.config('v1'), 'utf8')) as { caUrls: object[]; rekorTlogUrls: object[] };
  const at = (services: object[], url: string): object[] => services.map((service) => ({ ...service, url }));
  scratch.write('no-ca.json', { ...rest, rekorTlogUrls });
  scratch.write('refusing.json', { ...rest, rekorTlogUrls, caUrls: at(caUrls, refusing) });
  scratch.write('lying.json', { ...rest, rekorTlogUrls, caUrls: at(caUrls, lying) });
  scratch.write('down.json', { ...rest, caUrls, rekorTlogUrls: at(rekorTlogUrls, down) });
  scratch.write('expired', personToken({}, { now: new Date(0) }));
  scratch.write('a.txt', 'an artifact\n');
  scratch.write('p.json', { a: 1 });
  scratch.write('secret', 'hunter2\n');
  scratch.write('yes', 'y\n');
  scratch.write('no', 'n\n');
  const made = await runCosign(['generate-key-pair', '--output-key-prefix', scratch.path('k')], { env: { COSIGN_PASSWORD: '' } });
  if (made.status !== 0) throw new Error(made.stderr);
}

/** The longest first: an address may begin with another. */
function names(values: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(values)
    .filter(([name]) => name !== 'TOKEN')
    .map(([name, value]): [string, string] => [value, `$${name}`])
    .toSorted(([a], [b]) => b.length - a.length);
}

/** What changes from run to run. */
function steady({ status, stdout, stderr }: Run, replacements: readonly [string, string][], scratch: Scratch): Run {
  const image = replacements.find(([, name]) => name === '$TAG')?.[0].replace(/:1$/, '') ?? '';
  const clean = (text: string): string =>
    [...replacements, [image, '$REPOSITORY'] as const, [`${scratch.folder}/`, ''] as const]
      .reduce((cleaned, [value, name]) => cleaned.replaceAll(value, name), text)
      .replace(/(index: )\d+/g, '$1N')
      .replace(/[0-9a-f]{64}/g, 'HEX')
      .replace(/[A-Za-z0-9+/]{60,}={0,2}/g, 'BASE64')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME');
  // A transcript cannot say that the last line has no end.
  return { status, stdout: clean(stdout).replace(/([^\n])$/, '$1\n'), stderr: clean(stderr).replace(/([^\n])$/, '$1\n') };
}
