import type { Server } from 'node:net';
import { FunadeError } from '../../kernel/index.ts';

export interface ListenAddress {
  /** `https://127.0.0.1:8443` */
  readonly url: string;
  readonly port: number;
}

interface Wanted {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

/** Throws `FUN_PORT_IN_USE`, or `FUN_SETTING_INVALID` for an address that can't be listened on. */
export function listenOn(server: Server, { host, port, scheme }: Wanted): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    function failed(thrown: NodeJS.ErrnoException): void {
      server.off('listening', listening);
      reject(explain(thrown, { host, port, scheme }));
    }
    function listening(): void {
      server.off('error', failed);
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      const shown = host.includes(':') ? `[${host}]` : host;
      resolve({ url: `${scheme}://${shown}:${bound}`, port: bound });
    }
    server.once('error', failed);
    server.once('listening', listening);
    server.listen({ host, port });
  });
}

function explain(thrown: NodeJS.ErrnoException, { host, port, scheme }: Wanted): unknown {
  const options = { cause: thrown };
  if (thrown.code === 'EADDRINUSE') {
    const setting = scheme === 'https' ? 'GUARD_SERVER_PORT' : 'GUARD_SERVER_HEALTH_PORT';
    return new FunadeError('FUN_PORT_IN_USE', { host, port, setting }, options);
  }
  if (thrown.code === 'EACCES') {
    const setting = scheme === 'https' ? 'server.port' : 'server.healthPort';
    const values = { setting, value: port, reason: 'this user may not listen there', expected: 'a port above 1023' };
    return new FunadeError('FUN_SETTING_INVALID', values, options);
  }
  if (thrown.code === 'EADDRNOTAVAIL' || thrown.code === 'ENOTFOUND' || thrown.code === 'EAI_AGAIN') {
    const values = { setting: 'server.host', value: host, reason: 'this machine has no such address' };
    return new FunadeError('FUN_SETTING_INVALID', { ...values, expected: '0.0.0.0 or an own address' }, options);
  }
  return thrown;
}
