/** Names of Python packages: `-`, `_`, `.` and case tell nothing apart (packaging.python.org, "Names and normalization"). */

export function normalizeName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/** Of a requirement (PEP 508): `requests[security] (>=2.8) ; python_version < "3"`. Nothing when only an extra asks for it. */
export function requiredName(requirement: string): string | undefined {
  const [what = '', marker = ''] = requirement.split(';', 2);
  if (/\bextra\s*==/.test(marker)) return undefined;
  const name = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)/.exec(what)?.[1];
  return name === undefined ? undefined : normalizeName(name);
}
