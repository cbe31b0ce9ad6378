import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { registerAgent } from './agent.ts';
import { registerApprovals } from './approvals.ts';
import { registerApps } from './apps.ts';
import { registerArtifacts } from './artifacts.ts';
import { registerDeliveries } from './deliveries.ts';
import { registerDeployments } from './deployments.ts';
import { registerEnvironments } from './environments.ts';
import { registerReleases } from './releases.ts';
import { registerRollouts } from './rollouts.ts';
import { registerRuns } from './runs.ts';
import { registerSecrets } from './secrets.ts';
import { registerSources } from './sources.ts';
import { registerTasks } from './tasks.ts';

/** Everything below `/api/v1` that comes from the rooms. */
export function resourcesOf(plane: ControlPlane): readonly ((app: ApiApp) => void)[] {
  const registrations = [
    registerApps,
    registerReleases,
    registerArtifacts,
    registerRuns,
    registerRollouts,
    registerEnvironments,
    registerDeployments,
    registerApprovals,
    registerDeliveries,
    registerSources,
    registerTasks,
    registerAgent,
    registerSecrets,
  ];
  return registrations.map((register) => (app) => register(app, plane));
}
