import type { Call, Instance } from './instance.ts';
import type { Outcome } from './outcome.ts';

export interface PoolLimits {
  /** Instances that are kept up while the version is attached. */
  readonly min: number;
  readonly max: number;
  /** Calls that may wait. */
  readonly queue: number;
  /** Milliseconds that a call may wait for an instance. */
  readonly wait: number;
  /** Milliseconds after which an instance above `min` that has nothing to do ends. */
  readonly idle: number;
  /** Calls and milliseconds after which an instance is replaced by a fresh one. */
  readonly recycleCalls: number;
  readonly recycleAge: number;
}

export const POOL_LIMITS: PoolLimits = {
  min: 1,
  max: 4,
  queue: 100,
  wait: 10_000,
  idle: 300_000,
  recycleCalls: 10_000,
  recycleAge: 3_600_000,
};

export interface PoolOptions {
  readonly limits: PoolLimits;
  /** Calls that one instance works on at the same time. */
  readonly concurrency: number;
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  readonly start: (changed: () => void) => Instance;
  /** Told when `ready`, `failure` or the number of instances changed. */
  readonly changed: () => void;
}

export interface PoolStatus {
  readonly status: 'starting' | 'ready' | 'failed';
  readonly failure: string | null;
  readonly instances: number;
}

/** Instances of one function of one version. Calls that find none free wait in order. */
export interface Pool {
  status(): PoolStatus;
  invoke(call: Call, caller: { readonly gone: boolean }): Promise<Outcome>;
  /** Housekeeping; call it every few seconds. */
  sweep(): void;
  /** Refuses new and waiting calls, lets running ones finish until `deadline` milliseconds have passed, then ends all. */
  stop(deadline: number): Promise<void>;
}

interface Waiting {
  readonly call: Call;
  readonly caller: { readonly gone: boolean };
  readonly since: number;
  readonly settle: (outcome: Outcome) => void;
}

const FIRST_BACKOFF = 1000;
const LAST_BACKOFF = 30_000;
const FAILURES_UNTIL_FAILED = 3;
const PONG_WITHIN = 5000;

export function createPool(options: PoolOptions): Pool {
  const { limits, concurrency, timeout } = options;
  const instances = new Set<Instance>();
  const queue: Waiting[] = [];
  let failures = 0;
  let failure: string | null = null;
  let wasReady = false;
  let retry: NodeJS.Timeout | undefined;
  let expiry: NodeJS.Timeout | undefined;
  let stopping = false;
  let told = '';

  function inState(state: ReturnType<Instance['state']>): readonly Instance[] {
    return [...instances].filter((instance) => instance.state() === state);
  }

  function status(): PoolStatus {
    const open = inState('open').length;
    if (open > 0) return { status: 'ready', failure: null, instances: open };
    // A version that has worked gets a few tries before it is given up; one that never did has nothing to go back to.
    const isFailed = failures >= (wasReady ? FAILURES_UNTIL_FAILED : 1);
    return { status: isFailed ? 'failed' : 'starting', failure: isFailed ? failure : null, instances: 0 };
  }

  function start(): void {
    const instance = options.start(pump);
    instances.add(instance);
    void instance.gone.then(() => {
      instances.delete(instance);
      if (instance.failure() !== null) startFailed(instance.failure());
      pump();
    });
  }

  function startFailed(reason: string | null): void {
    failures += 1;
    failure = reason;
    if (status().status === 'failed') rejectQueue();
    if (stopping || retry !== undefined) return;
    const backoff = Math.min(FIRST_BACKOFF * 2 ** (failures - 1), LAST_BACKOFF);
    retry = setTimeout(() => {
      retry = undefined;
      pump();
    }, backoff);
  }

  function rejectQueue(): void {
    for (const waiting of queue.splice(0)) waiting.settle(unavailable());
  }

  function unavailable(): Outcome {
    const now = status();
    return { kind: 'not_ready', reason: now.failure ?? 'it is being started', failed: now.status === 'failed' };
  }

  /** Starts what is missing. A start in progress counts as capacity, and a failing version is tried one at a time. */
  function scale(): void {
    if (stopping || retry !== undefined) return;
    const starting = inState('starting').length;
    const open = inState('open').length;
    const needed = Math.ceil(queue.length / concurrency);
    const wanted = Math.max(limits.min - open, Math.min(needed, limits.max - open)) - starting;
    const allowed = failures > 0 ? Math.min(wanted, 1 - starting) : wanted;
    for (let count = 0; count < allowed; count += 1) start();
  }

  function pump(): void {
    for (const instance of instances) {
      if (instance.state() !== 'open') continue;
      wasReady = true;
      failures = 0;
      while (instance.inFlight() < concurrency && queue.length > 0) dispatch(instance);
      if (isWornOut(instance)) replace(instance);
    }
    scale();
    tell();
  }

  function dispatch(instance: Instance): void {
    const waiting = queue.shift();
    if (waiting === undefined || waiting.caller.gone) return waiting?.settle({ kind: 'abandoned' });
    void instance.invoke(waiting.call, timeout).then(waiting.settle);
  }

  function isWornOut(instance: Instance): boolean {
    return instance.served() >= limits.recycleCalls || performance.now() - instance.startedAt > limits.recycleAge;
  }

  /** Starts the successor first: the worn-out instance works until another one can take its calls. */
  function replace(worn: Instance): void {
    if (stopping) return;
    const fresh = [...instances].filter((instance) => instance !== worn && !isWornOut(instance));
    if (fresh.some((instance) => instance.state() === 'open')) worn.close();
    else if (!fresh.some((instance) => instance.state() === 'starting')) start();
  }

  function tell(): void {
    const now = status();
    const text = `${now.status} ${now.failure} ${now.instances}`;
    if (text === told) return;
    told = text;
    options.changed();
  }

  function freeInstance(): Instance | undefined {
    if (queue.length > 0) return undefined;
    for (const instance of instances) {
      if (instance.state() === 'open' && instance.inFlight() < concurrency) return instance;
    }
    return undefined;
  }

  function invoke(call: Call, caller: { readonly gone: boolean }): Promise<Outcome> {
    if (stopping) return Promise.resolve({ kind: 'shutting_down' });
    const free = freeInstance();
    if (free !== undefined) return free.invoke(call, timeout);
    if (status().status === 'failed') return Promise.resolve(unavailable());
    if (queue.length >= limits.queue) {
      return Promise.resolve({ kind: 'throttled', reason: `${queue.length} requests are waiting already` });
    }
    return new Promise((settle) => {
      queue.push({ call, caller, since: performance.now(), settle });
      scale();
      expireLater();
    });
  }

  /** One timer for the head of the queue: all calls may wait equally long. */
  function expireLater(): void {
    const head = queue[0];
    if (head === undefined || expiry !== undefined) return;
    expiry = setTimeout(
      () => {
        expiry = undefined;
        while (queue[0] !== undefined && performance.now() - queue[0].since >= limits.wait) expire(queue.shift());
        expireLater();
      },
      Math.max(1, head.since + limits.wait - performance.now()),
    );
  }

  function expire(waiting: Waiting | undefined): void {
    const isUp = inState('open').length > 0;
    waiting?.settle(
      isUp ? { kind: 'throttled', reason: `no instance was free within ${limits.wait} ms` } : unavailable(),
    );
  }

  function sweep(): void {
    const open = inState('open');
    let spare = open.length - limits.min;
    for (const instance of open) {
      if (instance.inFlight() > 0) continue;
      const isIdle = performance.now() - instance.idleSince() > limits.idle;
      if (isIdle && spare > 0) {
        spare -= 1;
        instance.close();
      } else instance.ping(PONG_WITHIN);
    }
    pump();
  }

  async function stop(deadline: number): Promise<void> {
    stopping = true;
    clearTimeout(retry);
    clearTimeout(expiry);
    for (const waiting of queue.splice(0)) waiting.settle({ kind: 'shutting_down' });
    for (const instance of instances) instance.close();
    const end = setTimeout(() => {
      for (const instance of instances) instance.kill();
    }, deadline);
    await Promise.all([...instances].map((instance) => instance.gone));
    clearTimeout(end);
  }

  scale();
  return { status, invoke, sweep, stop };
}
