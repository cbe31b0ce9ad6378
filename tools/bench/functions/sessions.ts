import { startPeer } from '../peer-process.ts';
import type { Figure } from '../report.ts';
import { medianRatio, quantile } from '../statistics.ts';
import { type Bench, SECTION } from './bench.ts';

const SCRIPT = 'return event.params.a + event.params.b;';

/** `POST /execute/{request_id}` of a script that adds two numbers. */
export async function measureSessions({ platform, generator, rounds, round }: Bench): Promise<readonly Figure[]> {
  const peer = await startPeer({ secret: 'none', connection: null });
  try {
    const path = await platform.openSession('nodejs-bench-sum', SCRIPT);
    const body = '{"params":{"a":1,"b":2}}';
    const alone = { connections: 1, duration: round, rate: null };
    const own = {
      ...alone,
      port: platform.server.port,
      requests: { kind: 'json', path, body, headers: platform.headers },
    } as const;
    const other = { ...alone, port: peer.port, requests: { kind: 'json', path: '/echo', body, headers: [] } } as const;
    const pairs: { subject: number; peer: number }[] = [];
    for (const target of [own, other]) await generator.round({ ...target, duration: 1000 });
    for (let count = 0; count < rounds; count += 1) {
      pairs.push({
        subject: quantile((await generator.round(own)).latencies, 0.5),
        peer: quantile((await generator.round(other)).latencies, 0.5),
      });
    }
    return [
      {
        ...{ section: SECTION, name: 'session execute p50, Node.js, 1 connection', unit: 'ms' },
        rounds: pairs.map(({ subject }) => subject),
        peer: { name: 'bare fastify', rounds: pairs.map((pair) => pair.peer) },
        ratio: medianRatio(pairs),
        target: { limit: 1.5, kind: 'at_most' },
      },
    ];
  } finally {
    await peer.stop();
  }
}
