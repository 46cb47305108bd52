/** docs/errors/README.md: every code, by class, with what it means and what to do. */
import { catalogue, type ErrorCode, type ErrorKind } from '@assay/core';
import { errorPages } from '@assay/core/error-pages';

const EXIT: Readonly<Record<ErrorKind, string>> = {
  rejected: 'rejected, exit status 1',
  usage: 'usage, exit status 2',
  unavailable: 'unavailable, exit status 3: trying again may help',
  malformed: 'malformed input, exit status 4',
};

export function errorPage(): string {
  const codes = Object.keys(catalogue) as ErrorCode[];
  const classes = [...new Set(codes.map(classOf))];
  const sections = classes.map((name) =>
    section(
      name,
      codes.filter((code) => classOf(code) === name),
    ),
  );
  return `${HEAD}\n${classes.map((name) => `[${name}](#${name.toLowerCase()})`).join(' · ')}\n\n${sections.join('\n')}`;
}

const HEAD = `# Error codes

Every failed check and every error of Assay carries one of these codes. They never change their meaning. The part before the first
underscore is the class. Generated from \`catalogue.ts\` and \`error-pages.ts\` of \`packages/core/src\` by \`npm run docs\`.
`;

/** `TRUST_ROOT_PARSE` belongs to the trust root, all others to their first word. */
function classOf(code: string): string {
  return code.startsWith('TRUST_ROOT_') ? 'TRUST_ROOT' : (code.split('_')[0] as string);
}

function section(name: string, codes: readonly ErrorCode[]): string {
  return `## ${name}\n\n${codes.map(item).join('\n')}`;
}

function item(code: ErrorCode): string {
  const { kind, hint } = catalogue[code];
  const { meaning, causes } = errorPages[code];
  return `### ${code}\n\n${meaning}\n\n- Kind: ${EXIT[kind]}\n- Usual causes: ${causes}\n- Try: ${hint}\n`;
}
