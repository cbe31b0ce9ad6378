/** A host in a process of its own, to be killed by tests. Started by `fork` with the connection as its argument. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '../../src/kernel/index.ts';
import { type Connection, connect } from '../../src/store/index.ts';
import { createMemoryQueue } from '../../src/queue/index.ts';
import { createFunctions } from '../../src/functions/index.ts';
import { createSandbox } from '../../src/sandbox/index.ts';

const connection = JSON.parse(process.argv[2] ?? '{}') as Connection;
const directory = process.argv[3] ?? '';
const sandbox = createSandbox({ logger: silentLogger, stateDir: `${directory}/boxes` });
const pids: number[] = [];
const functions = createFunctions({
  db: connect(connection),
  connection,
  clock: systemClock,
  logger: silentLogger,
  authorize: () => Promise.resolve(false),
  hostId: 'killed',
  latencyBounds: [10, 100],
  directory,
  queue: createMemoryQueue(silentLogger),
  lambdaAccess: {
    secretOf: () => Promise.resolve(null),
    callerOfKey: () => Promise.resolve(null),
    callerOfToken: () => Promise.resolve(null),
  },
  untrusted: 'refuse',
  secrets: { pin: () => Promise.resolve({}), resolve: () => Promise.resolve(new Map()) },
  sandbox: {
    ...sandbox,
    spawnWorker: async (request) => {
      const worker = await sandbox.spawnWorker(request);
      pids.push(worker.pid);
      return worker;
    },
  },
});
await functions.start();
const server = createServer(functions.gateway);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ pids }));
