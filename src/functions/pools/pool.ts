import { availableParallelism } from 'node:os';
import type { Outcome } from '../outcome.ts';
import type { Budget, BudgetMember } from './budget.ts';
import type { Call, Caller } from './call.ts';
import { type Failures, createFailures } from './failures.ts';
import type { InitFailure, Instance, InstanceState } from './instance.ts';
import { type WaitingCalls, createWaitingCalls } from './waiting-calls.ts';

export interface PoolLimits {
  /** Instances that are kept up. */
  readonly min: number;
  readonly max: number;
  /** Calls that may wait. */
  readonly queue: number;
  /** Milliseconds that a call may wait for an instance. */
  readonly wait: number;
  /** Milliseconds without a call after which an instance is frozen. */
  readonly freeze: number;
  /** Milliseconds without a call after which an instance above `min` ends. */
  readonly idle: number;
  /** Calls and milliseconds after which an instance is replaced by a fresh one. */
  readonly recycleCalls: number;
  readonly recycleAge: number;
  /** Milliseconds before which calls alone do not wear an instance out: a fresh one is slow at first. */
  readonly recycleNotBefore: number;
}

export const POOL_LIMITS: PoolLimits = {
  min: 1,
  max: 4 * availableParallelism(),
  queue: 100,
  wait: 10_000,
  freeze: 1000,
  idle: 300_000,
  recycleCalls: 10_000,
  recycleAge: 3_600_000,
  recycleNotBefore: 300_000,
};

export interface PoolOptions {
  readonly limits: PoolLimits;
  /** Calls that one instance works on at the same time. */
  readonly concurrency: number;
  /** Calls that may run at the same time; 0: none; null: no limit. */
  readonly reserved: number | null;
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  /** Megabytes of one instance. */
  readonly memory: number;
  readonly budget: Budget;
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
  invoke(call: Call, caller: Caller): Promise<Outcome>;
  /** Starts an instance when none is up; resolves with what speaks against it, or null. */
  prove(): Promise<Outcome | null>;
  /** Freezes and ends what is idle, looks whether the rest lives; call it about twice a second. */
  sweep(): void;
  /** Refuses new and waiting calls, lets running ones finish until `deadline` milliseconds have passed, then ends all. */
  stop(deadline: number): Promise<void>;
}

/** Milliseconds after which an instance that came up speaks for its version even without a call. */
const SETTLED_AFTER = 5000;
const PONG_WITHIN = 5000;
const PING_EVERY = 10_000;

export function createPool(options: PoolOptions): Pool {
  const { limits, concurrency, timeout, budget, memory } = options;
  const instances = new Set<Instance>();
  const failures: Failures = createFailures(pump);
  const queue: WaitingCalls = createWaitingCalls({
    limit: limits.queue,
    wait: limits.wait,
    refuse: () => lateOutcome(),
  });
  /** Where calls with a key of affinity go. */
  const homes = new Map<string, Instance>();
  const provers = new Set<(finding: Outcome | null) => void>();
  let running = 0;
  let wasReady = false;
  let stopping = false;
  let isShort = false;
  let pinged = performance.now();
  let told = '';

  const member: BudgetMember = {
    idleSince: () => spareInstance()?.idleSince() ?? null,
    closeIdle: () => spareInstance()?.close(),
    freed: pump,
  };
  budget.join(member);

  function inState(state: InstanceState): readonly Instance[] {
    return [...instances].filter((instance) => instance.state() === state);
  }

  /** The longest idle instance above `min`. */
  function spareInstance(): Instance | undefined {
    const open = inState('open');
    if (open.length <= limits.min) return undefined;
    return open
      .filter((instance) => instance.inFlight() === 0)
      .sort((left, right) => left.idleSince() - right.idleSince())[0];
  }

  function status(): PoolStatus {
    const open = inState('open').length;
    if (open > 0) return { status: 'ready', failure: null, instances: open };
    // A version that has worked gets a few tries before it is given up; one that never did has nothing to go back to.
    const isFailed = failures.areMany() || (!wasReady && failures.last() !== null);
    return {
      status: isFailed ? 'failed' : 'starting',
      failure: isFailed ? (failures.last()?.reason ?? null) : null,
      instances: 0,
    };
  }

  /** False when there is no memory for it now. */
  function start(): boolean {
    if (memory > budget.usage().total) {
      startFailed({
        reason: `it needs ${memory} MB, and all functions of this server may take ${budget.usage().total} MB`,
        fault: null,
      });
      return false;
    }
    isShort = !budget.take(member, memory);
    if (isShort) return false;
    const instance = options.start(pump);
    instances.add(instance);
    void instance.gone.then(() => {
      instances.delete(instance);
      for (const [key, home] of homes) if (home === instance) homes.delete(key);
      budget.give(memory);
      const failure = instance.failure();
      if (failure !== null && !stopping) startFailed(failure);
      pump();
    });
    return true;
  }

  /** Whoever waited for that instance is told why it did not come; the next call gets a new try. */
  function startFailed(failure: InitFailure): void {
    failures.add(failure);
    if (inState('open').length > 0) return;
    queue.clear(() => (failures.areMany() ? failures.outcome() : { kind: 'init_failed', ...failure }));
  }

  /** After a failed start only a call brings on the next one at once, and after many not even that. */
  function isPausing(): boolean {
    return failures.arePausing() && (failures.areMany() || queue.length() === 0);
  }

  /** Starts what is missing. A start in progress counts as capacity, and a failing version is tried one at a time. */
  function scale(): void {
    if (stopping || isPausing()) return;
    const starting = inState('starting').length;
    const open = inState('open').length;
    const forProof = open === 0 && provers.size > 0 ? 1 : 0;
    const needed = Math.max(Math.ceil(queue.length() / concurrency), forProof);
    const wanted = Math.max(limits.min - open, Math.min(needed, limits.max - open)) - starting;
    const allowed = failures.last() === null ? wanted : Math.min(wanted, 1 - starting);
    for (let count = 0; count < allowed; count += 1) if (!start()) return;
  }

  function pump(): void {
    for (const instance of instances) {
      if (instance.state() !== 'open') continue;
      wasReady = true;
      if (instance.served() > 0 || performance.now() - instance.startedAt > SETTLED_AFTER) failures.clear();
      while (hasRoom(instance) && queue.length() > 0 && dispatch(instance));
      if (isWornOut(instance)) replace(instance);
    }
    scale();
    settleProvers();
    tell();
  }

  function settleProvers(): void {
    if (provers.size === 0) return;
    if (inState('open').length > 0) tellProvers(null);
    // One that failed says why when it is gone; one that finds no memory gets some when others give theirs back.
    else if (stopping || (instances.size === 0 && !isShort)) tellProvers(lateFinding());
  }

  function tellProvers(finding: Outcome | null): void {
    for (const settle of [...provers]) settle(finding);
  }

  function prove(): Promise<Outcome | null> {
    if (inState('open').length > 0) return Promise.resolve(null);
    if (stopping) return Promise.resolve(lateFinding());
    return new Promise((resolve) => {
      // Only a start waits for its process as long as that takes; without memory for one the caller is told in time.
      const late = setTimeout(() => {
        if (inState('starting').length === 0) settle(lateFinding());
      }, limits.wait);
      const settle = (finding: Outcome | null): void => {
        clearTimeout(late);
        provers.delete(settle);
        resolve(finding);
      };
      provers.add(settle);
      if (inState('starting').length === 0) start();
      settleProvers();
    });
  }

  function lateFinding(): Outcome {
    const failure = failures.last();
    if (failure !== null) return { kind: 'init_failed', ...failure };
    return stopping ? { kind: 'shutting_down' } : { kind: 'no_capacity', reason: lateReason() };
  }

  function hasRoom(instance: Instance): boolean {
    return instance.inFlight() < concurrency && (options.reserved === null || running < options.reserved);
  }

  /** False when none of the waiting calls may go there. */
  function dispatch(instance: Instance): boolean {
    const waiting = queue.shift((call) => isFitting(instance, call));
    if (waiting === undefined) return false;
    if (waiting.caller.gone) waiting.settle({ kind: 'abandoned' });
    else void run(instance, waiting.call).then(waiting.settle);
    return true;
  }

  function isFitting(instance: Instance, { affinity }: Call): boolean {
    const home = affinity === undefined ? undefined : homes.get(affinity);
    return home === undefined || home === instance || home.state() !== 'open';
  }

  function run(instance: Instance, call: Call): Promise<Outcome> {
    if (call.affinity !== undefined) homes.set(call.affinity, instance);
    if (options.reserved === null) return instance.invoke(call, timeout);
    running += 1;
    return instance.invoke(call, timeout).finally(() => {
      running -= 1;
    });
  }

  function isWornOut(instance: Instance): boolean {
    const age = performance.now() - instance.startedAt;
    return age > limits.recycleAge || (instance.served() >= limits.recycleCalls && age >= limits.recycleNotBefore);
  }

  /** Starts the successor first: the worn-out instance works until another one can take its calls. */
  function replace(worn: Instance): void {
    if (stopping) return;
    const fresh = [...instances].filter((instance) => instance !== worn && !isWornOut(instance));
    const isNeeded = limits.min > 0 || worn.inFlight() > 0 || queue.length() > 0;
    if (!isNeeded || fresh.some((instance) => instance.state() === 'open')) worn.close();
    else if (!fresh.some((instance) => instance.state() === 'starting')) start();
  }

  function tell(): void {
    const now = status();
    const text = `${now.status} ${now.failure} ${now.instances}`;
    if (text === told) return;
    told = text;
    options.changed();
  }

  function freeInstance(call: Call): Instance | undefined {
    if (queue.length() > 0) return undefined;
    for (const instance of instances) {
      if (instance.state() === 'open' && hasRoom(instance) && isFitting(instance, call)) return instance;
    }
    return undefined;
  }

  function invoke(call: Call, caller: Caller): Promise<Outcome> {
    if (stopping) return Promise.resolve({ kind: 'shutting_down' });
    if (options.reserved === 0)
      return Promise.resolve({ kind: 'throttled', reason: 'the function is turned off (reserved: 0)' });
    const free = freeInstance(call);
    if (free !== undefined) return run(free, call);
    if (failures.arePausing() && failures.areMany() && inState('open').length === 0) {
      return Promise.resolve(failures.outcome());
    }
    const waiting = queue.push(call, caller);
    scale();
    return waiting;
  }

  function lateOutcome(): Outcome {
    if (inState('open').length > 0)
      return { kind: 'throttled', reason: `no instance was free within ${limits.wait} ms` };
    if (failures.last() !== null) return failures.outcome();
    return { kind: 'no_capacity', reason: lateReason() };
  }

  function lateReason(): string {
    if (stopping) return 'the server stops';
    return isShort ? 'there is no memory for another instance' : `no instance was up within ${limits.wait} ms`;
  }

  function sweep(): void {
    const now = performance.now();
    const isPingDue = now - pinged >= PING_EVERY;
    if (isPingDue) pinged = now;
    const open = inState('open');
    let spare = open.length - limits.min;
    for (const instance of open) {
      if (instance.inFlight() > 0) continue;
      const idle = now - instance.idleSince();
      if (idle > limits.idle && spare > 0) {
        spare -= 1;
        instance.close();
      } else if (idle > limits.freeze && !instance.isFrozen()) instance.freeze();
      else if (isPingDue) instance.ping(PONG_WITHIN);
    }
    pump();
  }

  async function stop(deadline: number): Promise<void> {
    stopping = true;
    failures.stop();
    queue.clear(() => ({ kind: 'shutting_down' }));
    for (const instance of instances) instance.close();
    const end = setTimeout(() => {
      for (const instance of instances) instance.kill();
    }, deadline);
    await Promise.all([...instances].map((instance) => instance.gone));
    clearTimeout(end);
    settleProvers();
    budget.leave(member);
  }

  scale();
  return { status, invoke, prove, sweep, stop };
}
