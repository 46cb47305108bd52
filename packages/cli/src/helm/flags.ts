/** The flags of helm's commands, in the groups that its commands share. */
import { bool, list, text } from '../cobra/flag.ts';
import type { FlagSpec } from '../cobra/pflag.ts';

export { bool, text };

/** What helm takes before any command. Those about a cluster say nothing here, and scripts may pass them. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  bool('debug', 'show network traffic'),
  text('registry-config', "helm's own file of registry logins (default $HELM_REGISTRY_CONFIG, or registry/config.json in helm's configuration)"),
  ...['kubeconfig', 'kube-context', 'kube-token', 'kube-as-user', 'kube-apiserver', 'kube-ca-file', 'kube-tls-server-name', 'qps'].map((name) =>
    text(name, 'no effect', { hidden: true }),
  ),
  ...['repository-config', 'repository-cache'].map((name) => text(name, 'no effect', { hidden: true })),
  text('namespace', 'no effect', { short: 'n', hidden: true }),
  list('kube-as-group', 'no effect', { hidden: true }),
  { name: 'burst-limit', kind: 'int', default: '100', usage: 'no effect', hidden: true },
  bool('kube-insecure-skip-tls-verify', 'no effect', { hidden: true }),
];

export const REGISTRY_FLAGS: readonly FlagSpec[] = [
  text('username', 'name to log in with, instead of a stored login'),
  text('password', 'password to log in with'),
  text('ca-file', 'trust the certificate authorities in this PEM file, too'),
  text('cert-file', 'identify with this PEM certificate'),
  text('key-file', 'the PEM key of --cert-file'),
  bool('insecure-skip-tls-verify', 'accept any certificate of the registry'),
  bool('plain-http', 'speak http with the registry if it does not speak https'),
];

export const KEYRING_FLAG: FlagSpec = text('keyring', 'OpenPGP keyring (default $GNUPGHOME/pubring.gpg, or ~/.gnupg/pubring.gpg)');

/** Which chart is meant, and how it is fetched. */
export const CHART_FLAGS: readonly FlagSpec[] = [
  text('version', 'version, or constraint such as ^2.0.0 (default: the highest release)'),
  bool('devel', 'take prereleases, too: the same as --version ">0.0.0-0"'),
  bool('verify', 'verify the provenance before the chart is used'),
  KEYRING_FLAG,
  text('repo', 'chart repository; not supported, charts come from registries', { hidden: true }),
  bool('pass-credentials', 'no effect', { hidden: true }),
  ...REGISTRY_FLAGS,
];
