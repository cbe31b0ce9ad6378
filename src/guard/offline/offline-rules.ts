import type { GuardConfig, GuardRules } from '../../config/index.ts';

/** What the tools need of the settings. */
export type OfflineConfig = Pick<GuardConfig, 'rules' | 'skipNamespaces' | 'namespace' | 'bypassGroups' | 'language'>;

/** Never judged by the webhook either. */
const ALWAYS_SKIPPED = 'kube-system';

/**
 * The rules without the one that asks the control plane. Judged without an answer it would deny everything, or say of every
 * image that it is fine; `left` tells that it was on.
 */
export function offlineRules(rules: GuardRules): { readonly rules: GuardRules; readonly left: boolean } {
  const left = rules.policies.imageNotReleased !== 'off';
  return { rules: { ...rules, policies: { ...rules.policies, imageNotReleased: 'off' } }, left };
}

export function isSkipped(namespace: string, config: Pick<GuardConfig, 'skipNamespaces' | 'namespace'>): boolean {
  return namespace === ALWAYS_SKIPPED || namespace === config.namespace || config.skipNamespaces.includes(namespace);
}
