/** Timestamps of a virtual instance, put together piece by piece so that each can be altered before it is signed. */
import { encodeSignerInfo, encodeTimestampResponse, encodeToken, encodeTstInfo, imprintOf, readCertificateNames, signedAttributes } from '@assay/make';
import type { Instance } from './instance.ts';
import type { SignOptions } from './sample.ts';

/** A TimeStampResp over `signature`, each piece altered as asked. */
export function makeTimestamp(instance: Instance, signature: Uint8Array, at: Date, options: SignOptions): Uint8Array {
  const { timestamp: alter = {} } = options.alter ?? {};
  const signer = (alter.signer ?? same)(instance.tsaSigner);
  const { subject } = readCertificateNames(signer.certificate);
  const fields = (alter.tst ?? same)({ imprint: imprintOf((alter.data ?? same)(signature)), genTime: at, authority: subject }, signature);
  const tstInfo = encodeTstInfo(fields);
  const attributes = alter.attributes?.(signedAttributes(tstInfo, signer, fields.genTime), signer) ?? signedAttributes(tstInfo, signer, fields.genTime);
  const signerInfo = (alter.signerInfo ?? same)(encodeSignerInfo(signer, attributes));
  const certificates = options.embedTsaCertificate === true ? [signer.certificate] : [];
  const parts = (alter.token ?? same)({ tstInfo, signerInfos: [signerInfo], certificates, hash: signer.hash ?? 'sha256' }, signer);
  return (alter.response ?? same)(encodeTimestampResponse(encodeToken(parts)));
}

function same<T>(value: T): T {
  return value;
}
