import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GuardConfig, GuardRules } from '../../config/index.ts';
import { type Clock, type Language, type Logger, messageOf } from '../../kernel/index.ts';
import type { ApiClient } from '../cluster/api-client.ts';
import { targetKey } from '../cluster/sameness.ts';
import type { WatchedWorld } from '../cluster/watched-world.ts';
import { troubleFields } from '../errors.ts';
import type { TargetRef } from '../objects/state.ts';
import type { ComponentHealth, HealthSource } from '../port.ts';
import { guardText } from '../texts/index.ts';
import { eventOf } from './event.ts';
import { createEventWriter } from './event-writer.ts';
import { type StandingViolation, findStanding } from './find-standing.ts';

/**
 * Finds what admission could not stop: pairs that two guards let through at the same moment, changes that came while no guard
 * was asked, and what was there before.
 */
export interface Auditor extends HealthSource {
  start(): void;
  stop(): Promise<void>;
  /** Violations that stand, by namespace; what is beyond the first namespaces is under `_other`. */
  violations(): ReadonlyMap<string, number>;
}

export interface AuditorOptions {
  readonly world: Pick<WatchedWorld, 'synced' | 'hpas' | 'shown' | 'onChange'>;
  readonly api: Pick<ApiClient, 'post' | 'patch'>;
  readonly rules: GuardRules;
  readonly config: GuardConfig['audit'];
  readonly logger: Logger;
  readonly clock: Clock;
  /** Of the messages of Events. */
  readonly language: Language;
  /** Namespaces that are not looked at. */
  readonly skipNamespaces: readonly string[];
}

/** Changes of a moment are looked at together. */
const DEBOUNCE_MS = 500;
/** More changed targets than that, and everything is looked at. */
const DIRTY_LIMIT = 10_000;
/** Targets between which decisions get their turn. */
const BATCH = 100;
const NAMESPACES = 500;
const AGAIN_MS = 3600_000;

/** One object as long as the violation stands: Events that are under way tell it how they ended. */
interface Held {
  found: StandingViolation;
  /** `null`: no Event tells it yet. */
  reportedAt: number | null;
}

export function createAuditor(options: AuditorOptions): Auditor {
  const { world, api, rules, config, clock } = options;
  const logger = options.logger.child({ component: 'audit' });
  const say = guardText(options.language);
  const skipped = new Set(options.skipNamespaces);
  const writer = createEventWriter({ api, clock, logger });
  /** By target, then by policy and key. */
  const held = new Map<string, ReadonlyMap<string, Held>>();
  const dirty = new Map<string, TargetRef>();
  let isAllDirty = true;
  let isStopped = false;
  let passing: Promise<void> | null = null;
  let debounce: NodeJS.Timeout | undefined;
  let interval: NodeJS.Timeout | undefined;
  let unlisten: (() => void) | null = null;
  let lastPassAt: number | null = null;

  function noteChange(_: string, target: TargetRef): void {
    if (dirty.size >= DIRTY_LIMIT) isAllDirty = true;
    else if (!isAllDirty) dirty.set(targetKey(target), target);
    arm();
  }

  function arm(): void {
    if (isStopped || passing !== null) return;
    debounce ??= setTimeout(() => {
      debounce = undefined;
      begin();
    }, DEBOUNCE_MS);
  }

  /** One pass at a time; what changes meanwhile is for the next one. */
  function begin(): void {
    if (passing !== null || isStopped) return;
    passing = pass()
      .catch((error: unknown) => {
        logger.error({ ...troubleFields('unexpected'), cause: messageOf(error) }, 'Failed to audit.');
      })
      .finally(() => {
        passing = null;
        if (dirty.size > 0 || isAllDirty) arm();
      });
  }

  async function pass(): Promise<void> {
    // Half a cluster would make violations end that only are not seen.
    if (!world.synced()) return;
    const isFull = isAllDirty;
    const targets = isFull ? allTargets() : new Map(dirty);
    isAllDirty = false;
    dirty.clear();
    let done = 0;
    for (const [key, target] of targets) {
      if (isStopped) return;
      audit(key, target);
      done += 1;
      if (done % BATCH === 0) await nextTurn();
    }
    if (isFull) lastPassAt = clock.now();
  }

  /** Those with an HPA, and those that were in violation. */
  function allTargets(): Map<string, TargetRef> {
    const targets = new Map<string, TargetRef>();
    for (const { target } of world.hpas()) targets.set(targetKey(target), target);
    for (const key of held.keys()) {
      const [namespace = '', group = '', kind = '', name = ''] = key.split('/');
      targets.set(key, { namespace, group, kind, name });
    }
    return targets;
  }

  function audit(key: string, target: TargetRef): void {
    if (skipped.has(target.namespace)) return;
    const before = held.get(key);
    const now = new Map<string, Held>();
    // Not what is in flight: it may never be stored, and no change would tell that it was not.
    for (const found of findStanding(target, world.shown(), rules)) {
      const id = idOf(found);
      const known = before?.get(id);
      if (known === undefined) tellNew(found);
      else known.found = found;
      now.set(id, known ?? { found, reportedAt: null });
    }
    for (const [id, { found }] of before ?? []) if (!now.has(id)) tellEnded(found);
    if (now.size === 0) held.delete(key);
    else held.set(key, now);
    // What the first pass finds stood before this guard did, and what is told again was told: both can wait.
    for (const one of now.values()) report(one, lastPassAt !== null && before?.has(idOf(one.found)) !== true);
  }

  function report(one: Held, urgent: boolean): void {
    const at = clock.now();
    if (one.reportedAt !== null && at - one.reportedAt < AGAIN_MS) return;
    one.reportedAt = at;
    const message = say(one.found.violation.text, one.found.violation.values);
    for (const object of one.found.involved) {
      writer.write(eventOf(one.found, object, { message, at }), { urgent }, (written) => {
        // The next pass tries again.
        if (!written) one.reportedAt = null;
      });
    }
  }

  function tellNew({ namespace, violation }: StandingViolation): void {
    logger.warn(
      { namespace, policy: violation.policy, violation: violation.key },
      'A violation stands in the cluster.',
    );
  }

  function tellEnded({ namespace, violation }: StandingViolation): void {
    logger.info({ namespace, policy: violation.policy, violation: violation.key }, 'A violation has ended.');
  }

  function violations(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const found of held.values()) {
      const [first] = found.values();
      if (first === undefined) continue;
      const { namespace } = first.found;
      const label = counts.has(namespace) || counts.size < NAMESPACES ? namespace : '_other';
      counts.set(label, (counts.get(label) ?? 0) + found.size);
    }
    return counts;
  }

  function health(): ComponentHealth {
    const standing = [...held.values()].reduce((sum, found) => sum + found.size, 0);
    return {
      name: 'audit',
      ok: true,
      detail: {
        enabled: config.enabled,
        violations: standing,
        lastPassSeconds: lastPassAt === null ? null : Math.round((clock.now() - lastPassAt) / 1000),
        eventsWaiting: writer.waiting(),
      },
    };
  }

  return {
    start: () => {
      if (!config.enabled || unlisten !== null) return;
      writer.start();
      unlisten = world.onChange(noteChange);
      interval = setInterval(() => {
        isAllDirty = true;
        begin();
      }, config.intervalMs);
      arm();
    },
    stop: async () => {
      isStopped = true;
      unlisten?.();
      clearInterval(interval);
      clearTimeout(debounce);
      await passing;
      await writer.stop();
    },
    violations,
    health,
  };
}

function idOf({ violation }: StandingViolation): string {
  return `${violation.policy} ${violation.key}`;
}
