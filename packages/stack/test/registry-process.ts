/**
 * A registry as a process of its own, so that tests can kill it: `node registry-process.ts FOLDER`. Prints its port, and on standard input's
 * end its peak memory in KiB.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { pino } from 'pino';
import { openRegistry } from '../src/registry/registry.ts';
import { openDisk } from '../src/store/disk.ts';

const [folder = ''] = process.argv.slice(2);
const context = { disk: openDisk(folder), clock: () => new Date(), baseUrl: 'http://127.0.0.1', log: pino({ level: 'silent' }) };
const { app } = await openRegistry(context);
const server = createServer(getRequestListener(app.fetch));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().on('end', () => {
  process.stdout.write(`${process.resourceUsage().maxRSS}\n`, () => process.exit());
});
