import type { Agent } from '../agent/index.ts';
import type { Admission } from '../intake/index.ts';
import type { Loop } from '../loop/index.ts';
import type { Delivery, Probe, Releases } from '../releases/index.ts';
import {
  type RolloutListener,
  type RolloutRow,
  type Rollouts,
  isTerminal,
  readEnvironment,
  readRollout,
} from '../rollouts/index.ts';
import { FunadeError } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import { admissionOf } from './admission.ts';
import { failureOf } from './loop.ts';

const PROBE_TIMEOUT = 10_000;

/** The ports through which rooms of one floor meet. Releases and rollouts need each other, so releases come in later. */
export interface Bindings {
  connect(releases: Releases): void;
  connectAgent(agent: Agent): void;
  /** Without one, failed rollouts open no issues. */
  connectLoop(loop: Pick<Loop, 'rolloutEnded'>): void;
  /** Where functions are reached; the own address is known once the server listens. */
  setOrigin(url: string): void;
  readonly listener: RolloutListener;
  readonly admission: Admission;
  readonly probe: Probe;
  deliveryOver(db: Db, rollouts: Rollouts): Delivery;
}

export function bindRooms(): Bindings {
  let releases: Releases | undefined;
  let agent: Agent | undefined;
  let loop: Pick<Loop, 'rolloutEnded'> | undefined;
  let origin = '';
  function connected(): Releases {
    if (releases === undefined) throw new Error('releases are used before they are connected');
    return releases;
  }
  function agentAtWork(): Agent {
    if (agent === undefined) throw new Error('the agent is used before it is connected');
    return agent;
  }
  return {
    connect: (room) => {
      releases = room;
    },
    connectAgent: (room) => {
      agent = room;
    },
    connectLoop: (room) => {
      loop = room;
    },
    setOrigin: (url) => {
      origin = url;
    },
    listener: {
      ended: async (trx, { id, runId }) => {
        if (runId !== null) await connected().wake(trx, runId);
        const failure = loop === undefined ? null : await failureOf(trx, id);
        if (failure !== null) await loop?.rolloutEnded(trx, failure);
      },
    },
    admission: admissionOf(() => ({ releases: connected(), agent: agentAtWork() })),
    probe: {
      url: (app, environment) => `${origin}/fn/${environment}/${app}`,
      get: async (url, signal) => {
        const answer = await fetch(url, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT)]),
          redirect: 'manual',
        });
        return { status: answer.status, body: await answer.text() };
      },
    },
    deliveryOver: (db, rollouts) => deliveryOf(db, rollouts),
  };
}

function deliveryOf(db: Db, rollouts: Rollouts): Delivery {
  return {
    check: rollouts.check,
    deploy: (trx, request, release) => rollouts.requestDeploy(trx, request, release),
    status: async (rolloutId) => {
      const row = await readRollout(db, rolloutId);
      if (row === undefined)
        throw new FunadeError('FUN_NOT_FOUND', { kind: 'rollout', id: rolloutId, list: 'funade rollout list' });
      return statusOf(row);
    },
    abort: async (rolloutId, reason) => {
      const row = await readRollout(db, rolloutId);
      if (row === undefined || isTerminal(row.phase) || row.state.back !== null) return;
      await rollouts.command(rolloutId, { kind: 'abort', by: 'automation', reason });
    },
    rollback: async ({ releaseId, ...key }, reason) => {
      if ((await readEnvironment(db, key))?.live_release !== releaseId) return null;
      const readiness = await rollouts.rollbackReadiness(key);
      return readiness.ready ? rollouts.requestRollback({ ...key, to: readiness.to, by: 'automation', reason }) : null;
    },
    heldBecause: ({ initiator, releaseId, ...key }) => rollouts.heldBecause(key, releaseId, initiator),
  };
}

function statusOf(row: RolloutRow) {
  return {
    phase: row.phase,
    ended: isTerminal(row.phase),
    succeeded: row.phase === 'succeeded',
    reason: row.state.outcome?.reason ?? '',
    evidence: row.state.outcome?.evidence ?? [],
    wait: row.wait === null ? null : { ...row.wait, next: [{ command: `funade watch ${row.run_id ?? row.id}` }] },
    startedAt: row.started_at?.getTime() ?? null,
  };
}
