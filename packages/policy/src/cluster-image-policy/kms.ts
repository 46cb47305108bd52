/** References to keys in a key management service (admission.md 1.3, rules 12 and 13). What is wrong with one, or undefined. */

export function kmsProblem(reference: string): string | undefined {
  if (!PROVIDERS.some((prefix) => reference.startsWith(prefix))) {
    return `malformed KMS format, should be prefixed by any of the supported providers: [${PROVIDERS.join(' ')}]`;
  }
  return reference.startsWith(AWS) ? awsProblem(reference) : undefined;
}

function awsProblem(reference: string): string | undefined {
  const [, , endpoint = '', key] = reference.split('/');
  if (key === undefined) return NOT_AWS;
  if (!FORMS.some((form) => form.test(reference))) return NOT_A_KEY;
  if (endpoint.startsWith('arn') || endpoint.startsWith('alias')) return NOT_A_KEY;
  const problem = endpoint === '' ? undefined : endpointProblem(endpoint);
  if (problem !== undefined) return `malformed endpoint: address ${endpoint}: ${problem}`;
  // Key ids and bare aliases pass the forms above and are refused here all the same; whatever is an ARN there names a key or an alias.
  return key.startsWith('arn:') ? undefined : 'failed to parse either key or alias arn: arn: invalid prefix';
}

/** As Go's `net.SplitHostPort`. */
function endpointProblem(endpoint: string): string | undefined {
  const colon = endpoint.lastIndexOf(':');
  if (colon < 0) return 'missing port in address';
  if (!endpoint.startsWith('[')) {
    if (endpoint.indexOf(':') < colon) return 'too many colons in address';
    return bracketProblem(endpoint);
  }
  const close = endpoint.indexOf(']');
  if (close < 0) return "missing ']' in address";
  if (close + 1 === colon) return bracketProblem(endpoint.slice(1, close) + endpoint.slice(close + 1));
  return endpoint[close + 1] === ':' ? 'too many colons in address' : 'missing port in address';
}

function bracketProblem(text: string): string | undefined {
  if (text.includes('[')) return "unexpected '[' in address";
  return text.includes(']') ? "unexpected ']' in address" : undefined;
}

const AWS = 'awskms://';
const PROVIDERS = [AWS, 'azurekms://', 'hashivault://', 'gcpkms://'];
const UUID = 'm?r?k?-?[A-Fa-f0-9]{8}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{4}-?[A-Fa-f0-9]{12}';
const ARN = 'arn:(?:aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:\\d{12}:';
const FORMS = [UUID, `${ARN}key/${UUID}`, 'alias/.*', `${ARN}alias/.*`].map((key) => new RegExp(`^awskms://[^/]*/(?:${key})$`));
const NOT_A_KEY = 'kms key should be in the format awskms://[ENDPOINT]/[ID/ALIAS/ARN] (endpoint optional)';
const NOT_AWS =
  "malformed AWS KMS format 'awskms://$ENDPOINT/$KEYID', should be conformant with KMS standard documented here: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id";
