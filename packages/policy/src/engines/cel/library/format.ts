/** Named formats of Kubernetes: `format.dns1123Label().validate(x)` is nothing for a good value, and what is wrong for another. */
import type { Environment } from '@marcbachmann/cel-js';
import { charge } from '../meter.ts';
import { register, registerNamespace } from '../register.ts';
import { optionalOf } from './optional.ts';

export function registerFormats(environment: Environment): void {
  environment.registerType('kubernetes.NamedFormat', Format);
  register(environment, {
    'kubernetes.NamedFormat.validate(string): optional<list<string>>': ({ problems }: Format, text: string) => {
      charge(1 + (text.length >> 3));
      const found = problems(text);
      return optionalOf(found.length === 0 ? undefined : found);
    },
  });
  const byName = Object.fromEntries(Object.keys(FORMATS).map((name) => [`${name}(): kubernetes.NamedFormat`, () => FORMATS[name]]));
  registerNamespace(environment, 'format', {
    ...byName,
    'named(string): optional<kubernetes.NamedFormat>': (name: string) => optionalOf(Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined),
  });
}

class Format {
  readonly problems: (text: string) => string[];

  constructor(problems: (text: string) => string[]) {
    this.problems = problems;
  }
}

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const OLD_LABEL =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const label = shaped(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, LABEL, 63);
const subdomain = shaped(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, SUBDOMAIN, 253);
const oldLabel = shaped(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, OLD_LABEL, 63);

const FORMATS: Readonly<Record<string, Format>> = {
  dns1123Label: new Format(label),
  dns1123Subdomain: new Format(subdomain),
  dns1035Label: new Format(oldLabel),
  dns1123LabelPrefix: new Format((text) => label(text.replace(/-$/, 'a'))),
  dns1123SubdomainPrefix: new Format((text) => subdomain(text.replace(/-$/, 'a'))),
  dns1035LabelPrefix: new Format((text) => oldLabel(text.replace(/-$/, 'a'))),
  qualifiedName: new Format(qualifiedNameProblems),
  labelValue: new Format(shaped(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/, LABEL_VALUE, 63)),
  uri: new Format((text) => (URL.canParse(text) || text.startsWith('/') ? [] : ['invalid URI'])),
  uuid: new Format((text) => (/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text) ? [] : ['does not match the UUID format'])),
  byte: new Format((text) => (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) ? [] : ['invalid base64'])),
  date: new Format((text) => (/^\d{4}-\d\d-\d\d$/.test(text) && isDate(text) ? [] : ['invalid date'])),
  datetime: new Format((text) =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/.test(text) && isDate(text.slice(0, 10)) ? [] : ['invalid datetime'],
  ),
};

/** A name, or a domain, a slash and a name. */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2)
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  const name = parts.at(-1) ?? '';
  const [prefix] = parts.length === 2 ? parts : [];
  const problems = prefix === undefined ? [] : prefix === '' ? ['prefix part must be non-empty'] : subdomain(prefix).map((problem) => `prefix part ${problem}`);
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 bytes');
  if (!/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) problems.push(NAME_PART);
  return problems;
}

/** Too long is said first, and nothing is searched through that is. */
function shaped(pattern: RegExp, says: string, max: number): (text: string) => string[] {
  return (text) => (text.length > max ? [`must be no more than ${max} bytes`] : pattern.test(text) ? [] : [says]);
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
