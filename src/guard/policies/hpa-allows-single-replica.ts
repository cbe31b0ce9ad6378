import { isDeployment, severityOf } from './hpas.ts';
import type { Policy } from './policy.ts';

/** An HPA that may bring a Deployment below two replicas, whatever the Deployment has now. Asked in mode `strict` only. */
export const hpaAllowsSingleReplica: Policy = {
  name: 'hpaAllowsSingleReplica',
  about: ['hpa'],
  asked: (rules) => rules.mode === 'strict',
  needs: () => [],
  find(state, _reads, rules) {
    if (state.kind !== 'hpa' || !isDeployment(state.hpa.target) || state.hpa.minReplicas >= 2) return [];
    const { hpa } = state;
    const severity = severityOf(hpa, rules);
    if (severity === null) return [];
    return [
      {
        // Without the target: an HPA that is turned to another Deployment allowed one replica before.
        key: `HorizontalPodAutoscaler/${hpa.name} below 2 replicas`,
        degree: -hpa.minReplicas,
        severity,
        text: 'hpaAllowsSingleReplica',
        values: { hpa: hpa.name, min: hpa.minReplicas, deployment: hpa.target.name },
      },
    ];
  },
};
