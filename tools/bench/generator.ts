/** The program of the load generator: one round per message, in a process of its own. */
import { openConnection } from './connection.ts';
import { type RequestPlan, requestMaker } from './requests.ts';

export interface RoundOrder {
  readonly port: number;
  readonly requests: RequestPlan;
  readonly connections: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Requests a second at even distances; null = each connection sends as soon as it was answered. */
  readonly rate: number | null;
  /** The round is over after so many, if not before. */
  readonly count?: number;
}

export interface RoundResult {
  /** Milliseconds of each answered request; with a rate, counted from the moment at which it was due. */
  readonly latencies: Float64Array;
  /** Milliseconds that the round took. */
  readonly took: number;
  readonly statuses: Readonly<Record<string, number>>;
}

/** A round makes its requests beforehand, for at most this many a second. */
const PREPARED_PER_SECOND = 3000;

process.on('message', (order: RoundOrder) => {
  run(order).then(
    (result) => process.send?.({ result }),
    (thrown: unknown) => process.send?.({ fault: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
});

async function run(order: RoundOrder): Promise<RoundResult> {
  const { requests, count: most = Infinity } = order;
  const make = requestMaker(requests);
  const seconds = order.duration / 1000;
  const isOne = requests.kind === 'echo' || requests.kind === 'json';
  const repeats = isOne || (requests.kind === 'labelled' && requests.repeats);
  const count = isOne ? 1 : Math.min(most, Math.ceil(seconds * (order.rate ?? PREPARED_PER_SECOND)));
  const prepared = Array.from({ length: count }, make);
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  let begun = 0;
  let sent = 0;

  /** The next request and when it was due; undefined when the round is over. */
  function next(now: number): { readonly request: Buffer; readonly due: number } | undefined {
    const due = order.rate === null ? now : (sent / order.rate) * 1000;
    if (due >= order.duration || sent >= most) return undefined;
    const request = prepared[repeats ? sent % count : sent];
    sent += 1;
    return { request: request ?? make(), due };
  }

  /** One connection, which is driven by its answers. */
  async function openDriven(): Promise<{ start(): void; close(): void; readonly done: Promise<void> }> {
    const done = Promise.withResolvers<void>();
    let from = 0;
    const connection = await openConnection(order.port, {
      answered: (status) => {
        const now = performance.now() - begun;
        latencies.push(now - from);
        statuses[status] = (statuses[status] ?? 0) + 1;
        turn(now);
      },
      failed: done.reject,
    });

    function turn(now: number): void {
      const found = next(now);
      if (found === undefined) return done.resolve();
      from = found.due;
      if (found.due <= now) connection.send(found.request);
      else setTimeout(() => connection.send(found.request), found.due - now);
    }

    return { start: () => turn(performance.now() - begun), close: connection.close, done: done.promise };
  }

  const connections = await Promise.all(Array.from({ length: order.connections }, openDriven));
  begun = performance.now();
  for (const connection of connections) connection.start();
  await Promise.all(connections.map(({ done }) => done));
  const took = performance.now() - begun;
  for (const connection of connections) connection.close();
  return { latencies: Float64Array.from(latencies), took, statuses };
}
