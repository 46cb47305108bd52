/** `--listen 127.0.0.1[:PORT]`, `[::1]:4100`, `:4100`. */
import { InvalidArgumentError } from 'commander';

export interface ListenAddress {
  readonly host?: string;
  readonly port?: number;
}

/** Throws `InvalidArgumentError`. */
export function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, port] = ADDRESS.exec(text) ?? [];
  const host = bracketed ?? plain;
  if ((host === undefined || host === '') && port === undefined) throw new InvalidArgumentError('HOST, HOST:PORT or :PORT was expected');
  if (port !== undefined && Number(port) > MAX_PORT) throw new InvalidArgumentError(`a port is at most ${MAX_PORT}`);
  return { ...(host !== undefined && host !== '' && { host }), ...(port !== undefined && { port: Number(port) }) };
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*))(?::(\d{1,5}))?$/;
const MAX_PORT = 65_535;
