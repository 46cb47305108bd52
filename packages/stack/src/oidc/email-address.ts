/** Addresses that a certificate can carry (rfc822Name is ASCII) and that Fulcio accepts: a dotted local part, and a domain with at least one dot. */
export function isEmailAddress(text: string): boolean {
  return text.length <= MAX_LENGTH && ADDRESS.test(text);
}

const ADDRESS =
  /^(?=[^@]{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z])?$/;
/** RFC 5321 section 4.5.3.1.3, less the brackets. */
const MAX_LENGTH = 254;
