/** Options that several native commands have, in the same words; and how values of options are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Who must have signed. */
export const keyToVerify = (): Option =>
  new Option('--key <ref>', 'the public key that must have signed: PEM file, URL, env://NAME, k8s://, pkcs11:, hashivault://');
export const identity = (): Option => new Option('--identity <name>', 'who must have signed: e-mail address, workflow URI or user name, compared exactly');
export const identityRegexp = (): Option => new Option('--identity-regexp <pattern>', 'the same as an RE2 pattern that must match as a whole');
export const issuer = (): Option => new Option('--issuer <url>', 'the OIDC issuer that must have vouched for the identity');
export const issuerRegexp = (): Option => new Option('--issuer-regexp <pattern>', 'the same as an RE2 pattern that must match as a whole');

/** Who signs, and with which services. */
export const keyToSign = (): Option =>
  new Option('--key <ref>', 'private key: file, env://NAME, k8s://, pkcs11:, hashivault://; default: none, but an identity');
export const identityToken = (): Option =>
  new Option('--identity-token <token>', 'token that says who signs, or the file that holds it; default: that of the CI job, else a login');
export const oidcIssuer = (): Option => new Option('--oidc-issuer <url>', 'whom to log in at; default: as the signing configuration says');
export const yes = (): Option => new Option('-y, --yes', 'agree to a public record of who signed');
export const signingConfig = (): Option => new Option('--signing-config <file>', 'services to use; default: those of public Sigstore, and with --key none');
export const trustConfig = (): Option =>
  new Option('--trust-config <file>', 'client_trust_config.json: the trusted root and the services of an instance (or ASSAY_TRUST)');

/** By what is judged. */
export const trustedRoot = (): Option =>
  new Option('--trusted-root <file>', 'trusted_root.json of the Sigstore instance (default: public Sigstore, or ASSAY_TRUST)');
export const offline = (): Option => new Option('--offline', 'open no socket (or ASSAY_OFFLINE=1)');
export const requireFreshRoot = (): Option => new Option('--require-fresh-root', 'refuse a trusted root that could not be refreshed');

/** How registries are reached. */
export const storeElsewhere = (): Option => new Option('--side-repository <repository>', 'store evidence there instead (or COSIGN_REPOSITORY)');
export const registryMirrors = (): Option =>
  new Option('--registry-mirrors <file>', 'where requests for a registry really go; names stay (or ASSAY_REGISTRY_MIRRORS)');
export const plainHttp = (): Option => new Option('--plain-http', 'speak plain http with registries that do not speak https');

/** What is shown. */
export const output = (): Option => new Option('--output <form>', 'what to print').choices(['text', 'json']).default('text');
export const full = (): Option => new Option('--full', 'show every check, also those that passed');

/** Who must have signed. */
export function whoSigned(command: Command): Command {
  return command.addOption(identity()).addOption(identityRegexp()).addOption(issuer()).addOption(issuerRegexp()).addOption(keyToVerify());
}

/** What it must have been built from, and how. */
export function howBuilt(command: Command): Command {
  return command
    .option('--source <repository>', 'what it must be built from, as github.com/OWNER/REPO; instead of --identity and --issuer, or besides')
    .option('--tag <name>', 'the tag it must be built from')
    .option('--branch <name>', 'the branch it must be built from')
    .option('--commit <hex>', 'the commit it must be built from')
    .option('--builder <id>', 'who must have built it, NAME or NAME@REF; default: a workflow of the source, or one of the SLSA project')
    .option('--trigger <event>', 'what must have started the build; default: anything but a pull request')
    .option('--deny-self-hosted-runners', 'it must be built on machines of the platform');
}

/** By what it is judged, and which of its services must have seen the signing. */
export function judgedBy(command: Command): Command {
  return thresholds(command.addOption(trustedRoot()).addOption(offline()).addOption(requireFreshRoot()));
}

export function thresholds(command: Command): Command {
  return command
    .addOption(new Option('--log-threshold <n>', 'transparency logs that must have recorded the signing').default(1).argParser(count))
    .addOption(new Option('--sct-threshold <n>', 'certificate transparency logs that must vouch for the certificate').default(1).argParser(count))
    .addOption(new Option('--timestamp-threshold <n>', 'timestamp authorities that must have seen the signature').default(0).argParser(count));
}

/** Who signs. */
export function whoSigns(command: Command): Command {
  return command.addOption(keyToSign()).addOption(identityToken()).addOption(oidcIssuer()).addOption(yes());
}

/** With which services. */
export function signingServices(command: Command): Command {
  return command
    .addOption(signingConfig())
    .addOption(trustConfig())
    .option('--trusted-root <file>', 'trusted_root.json of the Sigstore instance; what its services say is verified with it');
}

export const trustRootOfPolicy = (): Option =>
  new Option('--trust-root <file>', 'with --policy: a TrustRoot that it names, or NAME=trusted_root.json; may be repeated').argParser(list);
export const sideRepository = (): Option => new Option('--side-repository <repository>', 'where evidence may lie besides (or COSIGN_REPOSITORY)');

export function registries(command: Command): Command {
  return command.addOption(registryMirrors()).addOption(plainHttp());
}

/** An option that may be repeated. */
export function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** `key=value`, which may be repeated; the last one of a key counts. */
export function pairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('key=value was expected');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** A threshold. */
export function count(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError('a number from 0 to 99 was expected');
  return Number(text);
}
