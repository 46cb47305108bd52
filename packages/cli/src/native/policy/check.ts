/** `assay policy check FILE…`: whether policies are what they are meant to be, in every dialect, with the texts of whoever would refuse them. */
import { isTrustError, type TrustError } from '@assay/core';
import type { FieldErrors } from '@assay/policy';
import type { PolicyProblem } from '@assay/policy/native';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { type PolicyDocument, type PolicyText, readPolicyText } from './policy-file.ts';

export interface CheckFlags {
  readonly output: 'text' | 'json';
}

interface CheckedDocument {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly problems: readonly Problem[];
}

type Problem = Omit<PolicyProblem, 'path'> & { readonly path?: string };

/** Returns the exit status: 0, 1 for findings, 4 for what is no policy. */
export async function runCheck(files: readonly string[], { output }: CheckFlags, io: Io): Promise<number> {
  const checked: CheckedDocument[] = [];
  let status: number = EXIT.accepted;
  for (const file of files) {
    try {
      checked.push(...(await checkFile(file, io)));
    } catch (error) {
      if (!isTrustError(error)) throw error;
      checked.push(unreadable(file, error));
      status = Math.max(status, exitOf(error.kind));
    }
  }
  const hasErrors = checked.some(({ problems }) => problems.some(({ level }) => level === 'error'));
  io.stdout(output === 'json' ? `${JSON.stringify(checked.map(jsonOf), null, 2)}\n` : checked.map(textOf).join(''));
  return Math.max(status, hasErrors ? EXIT.rejected : EXIT.accepted);
}

function unreadable(file: string, { message }: TrustError): CheckedDocument {
  return { file, kind: '', name: '', problems: [{ level: 'error', says: message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message }] };
}

async function checkFile(file: string, io: Io): Promise<CheckedDocument[]> {
  const text = await readPolicyText(file, io);
  const checked: CheckedDocument[] = [];
  for (const document of text.documents) {
    const problems = await problemsOf(document, text, io);
    checked.push({ file, kind: document.kind, name: document.name, problems });
  }
  return checked;
}

async function problemsOf(document: PolicyDocument, text: PolicyText, io: Io): Promise<readonly Problem[]> {
  try {
    switch (document.dialect) {
      case 'native':
        return await nativeProblems(document, text, io);
      case 'cluster-image-policy':
        return await clusterImagePolicyProblems(document, io);
      case 'trust-root':
        return await trustRootProblems(document, io);
      case 'kyverno':
      case 'image-validating-policy':
        return await (await import('./check-kyverno.ts')).kyvernoProblems(document);
    }
  } catch (error) {
    // A document that cannot be read is a finding: the file is one of policies.
    if (!isTrustError(error)) throw error;
    return [{ level: 'error', says: error.message }];
  }
}

async function nativeProblems({ index }: PolicyDocument, { text, files }: PolicyText, io: Io): Promise<readonly Problem[]> {
  const { compiled, parseNativePolicies } = await import('@assay/policy/native');
  const parsed = parseNativePolicies(text, io.now)[index];
  if (parsed === undefined) throw new TypeError('the text has this document');
  // Keys, roots and texts that it names are read too: what is not there could satisfy nobody.
  if (parsed.document !== undefined) compiled(parsed.document, files);
  return parsed.problems;
}

async function clusterImagePolicyProblems({ value }: PolicyDocument, io: Io): Promise<readonly Problem[]> {
  const { parseClusterImagePolicy, validatePolicy, withDefaults } = await import('@assay/policy/cluster-image-policy');
  const policy = withDefaults(parseClusterImagePolicy(value as Parameters<typeof parseClusterImagePolicy>[0]));
  return fieldProblems(validatePolicy(policy, { controllerNamespace: io.env['SYSTEM_NAMESPACE'] || 'cosign-system' }));
}

async function trustRootProblems({ value }: PolicyDocument, io: Io): Promise<readonly Problem[]> {
  const { parseTrustRoot, trustRootWithDefaults, validateTrustRoot } = await import('@assay/policy/trust-root');
  const root = trustRootWithDefaults(parseTrustRoot(value as Parameters<typeof parseTrustRoot>[0]));
  return fieldProblems(await validateTrustRoot(root, { now: io.now }));
}

async function fieldProblems(errors: FieldErrors): Promise<readonly Problem[]> {
  const { fieldErrorText, fieldWarnings } = await import('@assay/policy');
  const text = fieldErrorText(errors);
  return [...(text === '' ? [] : [{ level: 'error' as const, says: text }]), ...fieldWarnings(errors).map((says) => ({ level: 'warning' as const, says }))];
}

function jsonOf({ file, kind, name, problems }: CheckedDocument): object {
  return { file, ...(kind !== '' && { kind, name }), ok: !problems.some(({ level }) => level === 'error'), problems };
}

/** What may hold several lines keeps them, and nothing else that would move a terminal. */
function textOf({ file, kind, name, problems }: CheckedDocument): string {
  const what = kind === '' ? '' : ` ${kind} ${name}`;
  if (problems.length === 0) return `${printable(`${file}:${what}: valid`)}\n`;
  return problems.map((problem) => `${lineOf(file, what, problem)}\n`).join('');
}

function lineOf(file: string, what: string, { level, path = '', line, column, says }: Problem): string {
  const place = [file, ...(line === undefined ? [] : [line, column])].join(':');
  const parts = [`${place}:${line === undefined ? what : ''}`, ...(level === 'warning' ? ['warning:'] : []), ...(path === '' ? [] : [`${path}:`])];
  const head = parts.map((part) => part.replace(/([^:])$/, '$1:')).join(' ');
  return says
    .split('\n')
    .map((one, i) => (i === 0 ? `${printable(head)} ${printable(one)}` : `  ${printable(one)}`))
    .join('\n');
}
