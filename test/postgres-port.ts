import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { inject } from 'vitest';
import type { Db } from '../src/store/index.ts';
import { type TestDatabase, createTestDatabase } from './database.ts';

export interface DatabaseOnPort {
  /** `postgres://…@127.0.0.1:port/database` */
  readonly url: string;
  /** The same database over its own socket. */
  readonly db: Db;
  /** Cuts every connection over the port, and lets no new one in, until `open`. */
  cut(): void;
  open(): void;
  close(): Promise<void>;
}

/** A database of the test run's PostgreSQL, which has a socket on disk only, for clients that connect by TCP. */
export async function openDatabaseOnPort(): Promise<DatabaseOnPort> {
  const { host, port, user, password } = inject('postgres');
  const database: TestDatabase = await createTestDatabase();
  const clients = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    clients.add(client);
    client.once('close', () => clients.delete(client));
    const upstream = connect(`${host}/.s.PGSQL.${port}`);
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `postgres://${user}:${encodeURIComponent(password ?? '')}@${place}/${database.connection.database}`,
    db: database.db,
    cut: () => {
      isCut = true;
      for (const client of clients) client.destroy();
    },
    open: () => {
      isCut = false;
    },
    close: async () => {
      server.close();
      await database.drop(); // ends connections, and by that those of the server
    },
  };
}
