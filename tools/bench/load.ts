import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RoundOrder, RoundResult } from './generator.ts';

const GENERATOR = new URL('./generator.ts', import.meta.url);
/** A round that takes this much longer than it should has hung. */
const PATIENCE = 60_000;

/** A load generator in a process of its own. */
export interface LoadGenerator {
  readonly pid: number;
  /** Throws when a request was not answered, or with a status that is not 200. */
  round(order: RoundOrder): Promise<RoundResult>;
  /** As `round`, but whatever status is answered is a result. */
  observe(order: RoundOrder): Promise<RoundResult>;
  stop(): Promise<void>;
}

export function startLoadGenerator(): LoadGenerator {
  const child = fork(GENERATOR, [], { serialization: 'advanced', stdio: 'inherit' });
  async function observe(order: RoundOrder): Promise<RoundResult> {
    const answer = await ask(child, order);
    if ('fault' in answer) throw new Error(`The load generator stopped: ${answer.fault}`);
    return answer.result;
  }

  return {
    pid: child.pid ?? 0,
    observe,
    round: async (order) => {
      const result = await observe(order);
      const bad = Object.entries(result.statuses).filter(([status]) => status !== '200');
      if (bad.length > 0)
        throw new Error(
          `${order.requests.path} answered ${bad.map(([status, count]) => `${count} × ${status}`).join(', ')}`,
        );
      return result;
    },
    stop: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

type Answer = { readonly result: RoundResult } | { readonly fault: string };

function ask(child: ChildProcess, order: RoundOrder): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error('The load generator hung'));
    }, order.duration + PATIENCE);
    child.once('message', (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    child.send(order);
  });
}

export function throughput({ latencies, took }: RoundResult): number {
  return latencies.length / (took / 1000);
}
