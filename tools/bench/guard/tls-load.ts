import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { TlsRound, TlsRoundResult } from './tls-generator.ts';

const GENERATOR = new URL('./tls-generator.ts', import.meta.url);
/** A round that takes this much longer than it should has hung. */
const PATIENCE = 60_000;

export interface TlsLoad {
  /** Throws when a request was not answered with 200. */
  round(order: TlsRound): Promise<TlsRoundResult>;
  stop(): Promise<void>;
}

export function startTlsLoad(): TlsLoad {
  const child = fork(GENERATOR, [], { serialization: 'advanced', stdio: 'inherit' });
  return {
    round: (order) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          child.kill('SIGKILL');
          reject(new Error('The load generator hung'));
        }, order.duration + PATIENCE);
        child.once('message', (answer: { readonly result?: TlsRoundResult; readonly fault?: string }) => {
          clearTimeout(timer);
          if (answer.result === undefined) reject(new Error(`The load generator stopped: ${answer.fault}`));
          else resolve(answer.result);
        });
        child.send(order);
      }),
    stop: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
