import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { PeerOrder } from './peer.ts';

const PEER = new URL('./peer.ts', import.meta.url);

export interface PeerProcess {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export function startPeer(order: PeerOrder): Promise<PeerProcess> {
  return startPeerProgram(PEER, order);
}

/** Starts a program that takes its order as a message, answers with its port, and ends when it is disconnected. */
export async function startPeerProgram(program: URL, order: object): Promise<PeerProcess> {
  const child = fork(program, [], { stdio: 'inherit' });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The peer ended with ${String(code)}`);
  });
  failed.catch(() => {}); // its end is wanted later
  child.send(order);
  const [{ port }] = (await Promise.race([once(child, 'message'), failed])) as [{ port: number }];
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
