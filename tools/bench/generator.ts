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
  const make = requestMaker(order.requests);
  const seconds = order.duration / 1000;
  const count = order.requests.kind === 'push' ? Math.ceil(seconds * (order.rate ?? PREPARED_PER_SECOND)) : 1;
  const prepared = Array.from({ length: count }, make);
  const connections = await Promise.all(Array.from({ length: order.connections }, () => openConnection(order.port)));
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const begun = performance.now();
  let sent = 0;

  /** The next request and when it was due; undefined when the round is over. */
  function next(): { readonly request: Buffer; readonly due: number } | undefined {
    const now = performance.now() - begun;
    const due = order.rate === null ? now : (sent / order.rate) * 1000;
    if (due >= order.duration) return undefined;
    const request = order.requests.kind === 'push' ? prepared[sent] : prepared[0];
    sent += 1;
    return { request: request ?? make(), due };
  }

  async function drive(connection: (typeof connections)[number]): Promise<void> {
    for (let turn = next(); turn !== undefined; turn = next()) {
      const early = turn.due - (performance.now() - begun);
      if (order.rate !== null && early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const from = order.rate === null ? performance.now() - begun : turn.due;
      const status = await connection.ask(turn.request);
      latencies.push(performance.now() - begun - from);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  }

  await Promise.all(connections.map(drive));
  const took = performance.now() - begun;
  for (const connection of connections) connection.close();
  return { latencies: Float64Array.from(latencies), took, statuses };
}
