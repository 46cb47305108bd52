/**
 * The hosts that guides name, on this machine, so that a command line is played as it is printed: a proxy (HTTPS_PROXY) leads to them, they speak TLS with a
 * certificate made for the run, and curl, Node and Go are told to trust it, each by its own variable. Every other host is out of reach.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { context, encodeDer, encodePem, utf8 } from '@assay/core';
import { encodeName, extendedKeyUsage, generateKey, issueRoot, keyUsage, OID, randomSerial, sequence, signCertificate } from '@assay/make';
import type { Scratch } from './run-cli.ts';

export interface Internet {
  /** The environment of programs that shall find the hosts. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whom a program asked for that is not there, as `HOST:PORT`. */
  readonly strangers: readonly string[];
  close(): Promise<void>;
}

/** `hosts`: the server behind each name, as `http://127.0.0.1:PORT`. */
export async function openInternet(hosts: Readonly<Record<string, string>>, scratch: Scratch): Promise<Internet> {
  const { certificate, authority, key } = certify(Object.keys(hosts));
  const strangers: string[] = [];
  const inside = createTlsServer({ cert: certificate, key }, (asked, answer) => pass(asked, hosts[asked.headers.host ?? ''] ?? '', answer));
  const proxy = createServer((_, answer) => answer.writeHead(403).end());
  const sockets = new Set<Socket>();
  proxy.on('connect', ({ url = '' }, socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const [host = '', port] = url.split(':');
    if (port !== '443' || !Object.hasOwn(hosts, host)) {
      strangers.push(url);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    inside.emit('connection', socket);
  });
  const port = await listen(proxy);
  const file = scratch.write('loopback-internet.pem', authority);
  return {
    variables: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1', CURL_CA_BUNDLE: file, SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: file },
    strangers,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

/** As a reverse proxy: the server is asked by the name that it knows of. */
function pass(asked: IncomingMessage, base: string, answer: ServerResponse): void {
  if (base === '') return void answer.writeHead(421).end();
  const { method, headers } = asked;
  const onward = request(`${base}${asked.url}`, { method, headers: { ...headers, host: new URL(base).host } }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

function certify(names: readonly string[]): { certificate: string; authority: string; key: string } {
  const [notBefore, notAfter] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 86_400_000)];
  const [rootKey, key] = [generateKey('p256'), generateKey('p256')];
  const root = issueRoot({ name: { commonName: 'loopback internet' }, key: rootKey, notBefore, notAfter });
  const alternatives = sequence(...names.map((name) => encodeDer(context(2), utf8(name))));
  const extensions = [keyUsage('digitalSignature'), extendedKeyUsage([OID.serverAuth]), { oid: OID.subjectAltName, critical: true, value: alternatives }];
  const fields = { serial: randomSerial(), issuer: root.subject, subject: encodeName(), notBefore, notAfter, spki: key.spki, extensions };
  return {
    certificate: encodePem('CERTIFICATE', signCertificate(fields, root)),
    authority: encodePem('CERTIFICATE', root.certificate),
    key: key.exportPrivatePem(),
  };
}
