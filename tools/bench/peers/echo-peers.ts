import { type PeerProcess, startPeer, startPeerProgram } from '../peer-process.ts';
import { findWorkerd, installPeers } from './packages.ts';
import { startWorkerd } from './workerd.ts';

export const PEER_NAMES = ['bare fastify', 'workerd', 'express + node:vm', 'HTTP to a worker'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

export interface EchoPeers {
  readonly running: ReadonlyMap<PeerName, PeerProcess>;
  /** Why others are left out; empty when there are none. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

/** Starts everything that answers `POST /echo` with what it was sent. */
export async function startEchoPeers(folder: string): Promise<EchoPeers> {
  const running = new Map<PeerName, PeerProcess>();
  const missing: string[] = [];
  const peers: EchoPeers = {
    running,
    missing,
    stop: async () => {
      await Promise.all([...running.values()].map((peer) => peer.stop()));
    },
  };

  async function add(name: PeerName, start: () => Promise<PeerProcess>): Promise<void> {
    try {
      running.set(name, await start());
    } catch (thrown) {
      missing.push(`${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  await add('bare fastify', () => startPeer({ secret: 'none', connection: null }));
  await add('HTTP to a worker', () => startPeerProgram(new URL('./http-front.ts', import.meta.url), { folder }));
  const reason = await installPeers();
  if (reason !== null) {
    missing.push(`workerd and express + node:vm: ${reason}`);
    return peers;
  }
  await add('workerd', async () => {
    const program = await findWorkerd();
    if (program === null) throw new Error('there is none for this platform');
    return startWorkerd(program, folder);
  });
  await add('express + node:vm', () => startPeerProgram(new URL('./express-vm.ts', import.meta.url), {}));
  return peers;
}
