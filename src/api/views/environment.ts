import { readRelease } from '../../releases/index.ts';
import {
  type EnvironmentRow,
  type RolloutRow,
  type TargetState,
  isActive,
  isWaiting,
  readOpenRollouts,
} from '../../rollouts/index.ts';
import type { ControlPlane, Traffic } from '../control-plane.ts';
import type { EnvironmentView } from '../contract/index.ts';
import { type Summaries, summariesOf } from './release.ts';

/** An environment as the ledger, the target and its traffic show it. */
export async function environmentViewOf(
  plane: ControlPlane,
  row: EnvironmentRow,
  traffic: readonly Traffic[],
): Promise<EnvironmentView> {
  const { db, rollouts } = plane;
  const key = { app: row.app, environment: row.name };
  const open = await readOpenRollouts(db, key);
  const observed = await rollouts.observe(row).catch(() => null);
  const readiness = await rollouts.rollbackReadiness(key);
  const releaseIds = [
    row.live_release,
    readiness.to,
    ...open.map((rollout) => rollout.release_id),
    ...(observed?.versions ?? []).map((version) => version.version),
  ];
  const summaries = await summariesOf(db, releaseIds);
  const active = open.find((rollout) => isActive(rollout.phase));
  const share = traffic.find((entry) => entry.app === row.app && entry.environment === row.name);
  return {
    app: row.app,
    name: row.name,
    target: row.target,
    strategy: await strategyOf(plane, row, open),
    live: summaries(row.live_release),
    drift: row.drift,
    state: active?.phase ?? open[0]?.phase ?? 'idle',
    health: healthOf(row, observed, share),
    traffic: trafficOf(observed, summaries),
    requestsPerSecond: share?.requestsPerSecond ?? 0,
    errorShare: share === undefined || share.errorShare === null ? null : share.errorShare * 100,
    latencyP95: share?.latencyP95 ?? null,
    hold: row.hold,
    rollback: { ready: readiness.ready, to: summaries(readiness.to), reason: readiness.reason },
    rolloutId: active?.id ?? null,
    waiting: waitingOf(open, summaries),
    url: `/fn/${row.name}/${row.app}/`,
  };
}

async function strategyOf(
  { db }: ControlPlane,
  row: EnvironmentRow,
  open: readonly RolloutRow[],
): Promise<EnvironmentView['strategy']> {
  const newest = open.at(-1);
  if (newest !== undefined) return newest.plan.strategy;
  const live = row.live_release === null ? undefined : await readRelease(db, row.live_release);
  return live?.config.environments[row.name]?.strategy.kind ?? 'rolling';
}

const DEGRADED_ERROR_SHARE = 0.05;

function healthOf(
  row: EnvironmentRow,
  observed: TargetState | null,
  traffic: Traffic | undefined,
): EnvironmentView['health'] {
  if (row.live_release === null || observed === null) return 'unknown';
  const live = observed.versions.find((version) => version.version === row.live_release);
  if (row.drift !== null || live === undefined || !live.ready) return 'degraded';
  return (traffic?.errorShare ?? 0) > DEGRADED_ERROR_SHARE ? 'degraded' : 'ok';
}

function trafficOf(observed: TargetState | null, summaries: Summaries): EnvironmentView['traffic'] {
  return (observed?.versions ?? []).map((version) => ({
    releaseId: version.version,
    releaseNumber: summaries(version.version)?.number ?? null,
    weight: version.weight,
    ready: version.ready,
  }));
}

function waitingOf(open: readonly RolloutRow[], summaries: Summaries): EnvironmentView['waiting'] {
  return open
    .filter((rollout) => isWaiting(rollout.phase))
    .map((rollout) => ({
      rolloutId: rollout.id,
      releaseNumber: summaries(rollout.release_id)?.number ?? 0,
      position: open.indexOf(rollout),
      blocker: rollout.wait?.cause ?? 'the engine has not looked at it yet',
    }));
}
