/** A process that sends one job, to be killed by tests. Started by `fork` with what it needs as its argument. */
import { silentLogger } from '../src/kernel/index.ts';
import { createRabbitQueue } from '../src/queue/index.ts';
import { type Connection, connect, transaction } from '../src/store/index.ts';

interface Order {
  readonly connection: Connection;
  readonly broker: { readonly host: string; readonly port: number; readonly user: string; readonly password: string };
  readonly prefix: string;
  readonly data: object;
}

const { connection, broker, prefix, data } = JSON.parse(process.argv[2] ?? '{}') as Order;
const db = connect(connection);
const queue = createRabbitQueue({ ...broker, db, queue: prefix, queues: ['mail'], logger: silentLogger });
await queue.start();
await transaction(db, (trx) => queue.send(trx, 'mail', [{ data }]));
process.send?.('committed');
