import type { Socket } from 'node:net';
import type { EgressLimits } from './port.ts';

/**
 * Passes bytes between two sockets until both sides are done. The end of one side is told to the other, which may go on
 * (half-close); an error, or silence for too long, ends both.
 */
export function tunnel(
  client: Socket,
  remote: Socket,
  limits: Pick<EgressLimits, 'idleTimeout' | 'halfOpenTimeout'>,
): void {
  for (const [from, to] of [
    [client, remote],
    [remote, client],
  ] as const) {
    from.setTimeout(limits.idleTimeout, () => from.destroy());
    from.on('end', () => {
      client.setTimeout(limits.halfOpenTimeout);
      remote.setTimeout(limits.halfOpenTimeout);
    });
    from.on('close', (hadError) => {
      // What was received before a regular end may still be on its way to a slow reader.
      if (hadError || !from.readableEnded) to.destroy();
    });
    from.pipe(to);
  }
}
