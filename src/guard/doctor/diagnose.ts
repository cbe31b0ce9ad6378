import type { GuardConfig } from '../../config/index.ts';
import type { Language } from '../../kernel/index.ts';
import { type GuardCheck, type JudgeFacts, fine, trouble } from './check.ts';
import { judgeAccess, judgeEvents } from './checks/access.ts';
import { judgeCertificate } from './checks/certificate.ts';
import { judgeBudget, judgeEndpoints, judgeReplicas, judgeService } from './checks/service.ts';
import { judgeCa, judgeInjection } from './checks/trust.ts';
import { judgePolicy, judgeSelector, judgeWebhook } from './checks/webhook.ts';
import type { GuardFacts } from './facts.ts';
import { textAt } from './fields.ts';
import { readCluster } from './read-cluster.ts';
import type { ClusterReader } from './reader.ts';
import { type DoctorTextKey, doctorText } from './texts/index.ts';

export interface DiagnoseOptions {
  readonly config: Pick<GuardConfig, 'profile' | 'webhook'>;
  readonly namespace: string | null;
  readonly language: Language;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Everything between an API server and the guard, looked at in the order in which a call goes. */
export async function diagnose(cluster: ClusterReader, options: DiagnoseOptions): Promise<readonly GuardCheck[]> {
  const text = doctorText(options.language);
  const fail = { text, status: 'fail' } as const;
  const version = await cluster.get('/version');
  switch (version.kind) {
    case 'failed':
    case 'forbidden': {
      const { detail } = version;
      return [trouble(fail, 'name.cluster', causeOfSilence(detail), { detail })];
    }
    case 'absent':
      return [trouble(fail, 'name.cluster', 'cluster.silent', { detail: '404' })];
    case 'found': {
      const told = fine(text, 'name.cluster', 'cluster.ok', { version: textAt(version.value, 'gitVersion') ?? '-' });
      return [told, ...judgeGuard(await readCluster(cluster, options), options)];
    }
  }
}

/** Words of kubectl that come before it asks anybody. */
const SILENCES = [
  { key: 'cluster.noKubectl', pattern: /\b(?:ENOENT|EACCES)\b/u },
  { key: 'cluster.noContext', pattern: /context "[^"]*" does not exist|context was not found/iu },
  {
    key: 'cluster.noKubeconfig',
    pattern:
      /no such file or directory|permission denied|error loading config file|invalid configuration|no configuration has been provided|localhost:8080/iu,
  },
] as const satisfies readonly { readonly key: DoctorTextKey; readonly pattern: RegExp }[];

function causeOfSilence(detail: string): DoctorTextKey {
  return SILENCES.find(({ pattern }) => pattern.test(detail))?.key ?? 'cluster.silent';
}

/** All checks over what was read; pure. */
export function judgeGuard(facts: GuardFacts, { config, language, now }: DiagnoseOptions): readonly GuardCheck[] {
  const judges: readonly JudgeFacts[] = [
    judgeWebhook,
    judgePolicy,
    judgeSelector,
    judgeService,
    judgeReplicas,
    judgeEndpoints,
    judgeBudget,
    judgeCa,
    judgeInjection,
    judgeCertificate,
    judgeAccess,
    judgeEvents(language),
  ];
  const checks = judges.flatMap((judge) => judge(facts, { text: doctorText(language), config, now }));
  // The webhooks of a configuration mostly agree: what is said of all of them is said once.
  const byText = new Map(checks.map((check) => [JSON.stringify(check), check]));
  return [...byText.values()];
}
