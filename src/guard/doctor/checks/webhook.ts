import { type GuardCheck, type JudgeFacts, fine, trouble } from '../check.ts';
import { selects } from '../selector.ts';

/** Whether the API server asks the guard at all. */
export const judgeWebhook: JudgeFacts = ({ configurations, webhooks }, { text, config }) => {
  const fail = { text, status: 'fail' } as const;
  if (configurations.kind === 'forbidden' || configurations.kind === 'failed') {
    return [trouble(fail, 'name.webhook', 'webhook.unreadable', { detail: configurations.detail })];
  }
  const [first] = webhooks;
  if (first === undefined) return [trouble(fail, 'name.webhook', 'webhook.none', { profile: config.profile })];
  const names = [...new Set(webhooks.map(({ configuration }) => configuration))].join(', ');
  const byUrl = webhooks.filter(({ service }) => service === null);
  return [
    fine(text, 'name.webhook', 'webhook.ok', { configuration: names, count: webhooks.length }),
    ...byUrl.map(({ name, url }) =>
      trouble({ text, status: 'warn' }, 'name.webhook', 'webhook.url', { webhook: name, url: url ?? '-' }),
    ),
  ];
};

/** `failurePolicy` and `timeoutSeconds` beside what the profile says. */
export const judgePolicy: JudgeFacts = ({ webhooks }, { text, config: { profile, webhook: wanted } }) => {
  const warn = { text, status: 'warn' } as const;
  return webhooks.flatMap(({ name, failurePolicy, timeoutSeconds }): readonly GuardCheck[] => [
    failurePolicy === wanted.failurePolicy
      ? fine(text, 'name.policy', 'policy.ok', { policy: failurePolicy, profile })
      : trouble(warn, 'name.policy', 'policy.other', {
          webhook: name,
          policy: failurePolicy,
          profile,
          wanted: wanted.failurePolicy,
        }),
    timeoutSeconds === wanted.timeoutSeconds
      ? fine(text, 'name.timeout', 'timeout.ok', { seconds: timeoutSeconds, profile })
      : trouble(warn, 'name.timeout', 'timeout.other', {
          webhook: name,
          seconds: timeoutSeconds,
          profile,
          wanted: wanted.timeoutSeconds,
        }),
  ]);
};

/** A guard that judges its own pods, or those of kube-system, can keep a cluster down. */
export const judgeSelector: JudgeFacts = ({ webhooks, labels, namespace }, { text }) =>
  webhooks.map(({ namespaceSelector, failurePolicy }) => {
    const included = [...labels].filter(([, each]) => selects(namespaceSelector, each)).map(([name]) => name);
    if (included.length === 0) return fine(text, 'name.selector', 'selector.ok', { namespace: namespace ?? '-' });
    const status = failurePolicy === 'Fail' ? 'fail' : 'warn';
    return trouble({ text, status }, 'name.selector', 'selector.includes', { names: included.join(', ') });
  });
