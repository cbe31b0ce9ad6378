/** A host in a process of its own, to be killed by tests. Started by `fork` with the connection as its argument. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '../../src/kernel/index.ts';
import { type Connection, connect } from '../../src/store/index.ts';
import { createFunctions, createPlainSpawn } from '../../src/functions/index.ts';

const connection = JSON.parse(process.argv[2] ?? '{}') as Connection;
const pids: number[] = [];
const functions = createFunctions({
  db: connect(connection),
  connection,
  clock: systemClock,
  logger: silentLogger,
  authorize: () => Promise.resolve(false),
  hostId: 'killed',
  latencyBounds: [10, 100],
  spawn: async (request) => {
    const worker = await createPlainSpawn()(request);
    pids.push(worker.pid);
    return worker;
  },
});
await functions.start();
const server = createServer(functions.gateway);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ pids }));
