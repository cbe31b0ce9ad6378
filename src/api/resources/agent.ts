import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { agentView } from '../contract/index.ts';
import { requireRole } from '../guard.ts';

/** `/agent`: what works on tasks here, and what is in its way. */
export function registerAgent(app: ApiApp, { agentSetup }: Pick<ControlPlane, 'agentSetup'>): void {
  app.get(
    '/agent',
    {
      onRequest: requireRole('viewer', 'look at the agent'),
      schema: { summary: 'Runner, isolation and model of agents, looked at now', response: { 200: agentView } },
    },
    () => agentSetup(),
  );
}
