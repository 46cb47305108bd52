/** What `assay stack up` prints when the stack is ready: where everything is, and how each client finds it. */
import type { Endpoints } from '@assay/stack';
import type { Io } from '../../io.ts';
import { dataFolder } from './data-folder.ts';

/** Lines for a person; a shell can copy each command. */
export function guide(folder: string, endpoints: Endpoints, env: Io['env']): string {
  const place = { folder, token: `"$(assay stack token${folder === dataFolder(undefined, env) ? '' : ` --data ${quoted(folder)}`} --email me@example.com)"` };
  return [
    `A private Sigstore is ready at ${endpoints.origin}. Ctrl-C stops it; what it logged stays in ${folder}.`,
    '',
    ...section('Services', services(endpoints)),
    ...section('Files', [
      ['trust', `${folder}/trusted_root.json, signing_config.json, client_trust_config.json`],
      ['addresses', `${folder}/endpoints.json`],
      ['shell', `. ${quoted(`${folder}/env.sh`)}`],
    ]),
    ...CLIENTS.filter(({ needs }) => needs.every((name) => endpoints[name] !== undefined)).flatMap(({ title, lines }) => [
      `${title}:`,
      ...lines(place, endpoints).map((line) => `  ${line}`),
      '',
    ]),
  ].join('\n');
}

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [`${title}:`, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''];
}

function services({ oidc, fulcio, ctlog, rekor, rekorV2, tsa, tuf, registry }: Endpoints): [string, string][] {
  const all: [string, string | undefined][] = [
    ['OIDC issuer', oidc],
    ['certificate authority', fulcio],
    ['CT log', ctlog],
    ['Rekor v1', rekor],
    ['Rekor v2', rekorV2],
    ['timestamp authority', tsa],
    ['TUF repository', tuf],
    ['registry', registry],
  ];
  return all.flatMap(([name, url]) => (url === undefined ? [] : [[name, url]]));
}

interface Client {
  readonly title: string;
  /** Without these there is nothing to tell. */
  readonly needs: readonly (keyof Endpoints)[];
  lines(place: Place, endpoints: Endpoints): string[];
}

interface Place {
  readonly folder: string;
  /** Shell text that becomes an identity token. */
  readonly token: string;
}

const CLIENTS: readonly Client[] = [
  { title: 'Assay', needs: ['oidc', 'fulcio'], lines: ({ folder, token }) => [`. ${quoted(`${folder}/env.sh`)}`, `assay sign --identity-token ${token} FILE`] },
  {
    title: 'cosign',
    needs: ['oidc', 'fulcio'],
    lines: ({ folder, token }, { tuf }) => [
      ...(tuf === undefined ? [] : [`cosign initialize --mirror ${tuf} --root ${quoted(`${folder}/root.json`)}`]),
      `cosign sign-blob --identity-token ${token} --bundle FILE.sigstore.json FILE`,
      `  (or for one command: --trusted-root ${quoted(`${folder}/trusted_root.json`)} --signing-config ${quoted(`${folder}/signing_config.json`)})`,
    ],
  },
  {
    title: 'sigstore-python',
    needs: ['oidc', 'fulcio', 'tsa'],
    lines: ({ folder, token }) => [`sigstore --trust-config ${quoted(`${folder}/client_trust_config.json`)} sign --identity-token ${token} FILE`],
  },
  {
    title: 'sigstore-js',
    needs: ['fulcio', 'rekor', 'tsa'],
    lines: (_place, { fulcio, rekor, tsa }) => [`sign(payload, { fulcioURL: '${fulcio}', rekorURL: '${rekor}', tsaServerURL: '${tsa}', identityToken })`],
  },
  {
    title: 'docker, crane, helm',
    needs: ['registry'],
    lines: (_place, { registry }) => [
      `docker push ${registry}/APP:TAG`,
      `crane push --insecure image.tar ${registry}/APP:TAG`,
      `helm push --plain-http CHART.tgz oci://${registry}/charts`,
    ],
  },
  {
    title: 'policy-controller (TrustRoot, policy.sigstore.dev/v1alpha1)',
    needs: ['tuf'],
    lines: ({ folder }, { tuf }) => [`spec: { remote: { mirror: '${tuf}', root: "$(base64 -w0 ${quoted(`${folder}/root.json`)})" } }`],
  },
];

/** For a POSIX shell; plain where nothing needs quoting. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
