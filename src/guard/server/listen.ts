import type { Server } from 'node:net';
import { FunadeError, type MessageValues } from '../../kernel/index.ts';
import { type FaultySetting, type StartFaultKey, StartFault } from '../faults/start-fault.ts';

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

/** An address that can't be listened on; `code` is the one of the system. */
export class ListenFault extends StartFault {
  readonly code: string;

  constructor(
    key: StartFaultKey,
    values: MessageValues,
    why: { setting: FaultySetting; cause: NodeJS.ErrnoException },
  ) {
    super(key, values, why);
    this.name = 'ListenFault';
    this.code = why.cause.code ?? 'unknown';
  }
}

/** Throws `FUN_PORT_IN_USE`, or `ListenFault` for an address that can't be listened on. */
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
  switch (thrown.code) {
    case 'EADDRINUSE': {
      const setting = scheme === 'https' ? 'GUARD_SERVER_PORT' : 'GUARD_SERVER_HEALTH_PORT';
      return new FunadeError('FUN_PORT_IN_USE', { host, port, setting }, { cause: thrown });
    }
    case 'EACCES': {
      const setting = scheme === 'https' ? 'server.port' : 'server.healthPort';
      return new ListenFault('portNotAllowed', { port }, { setting, cause: thrown });
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new ListenFault('noSuchAddress', { host }, { setting: 'server.host', cause: thrown });
    default:
      return thrown;
  }
}
