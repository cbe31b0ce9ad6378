import type { X509Certificate } from 'node:crypto';
import { messageOf } from '../../../kernel/index.ts';
import { type GuardCheck, type JudgeFacts, type Judging, fine, trouble } from '../check.ts';
import type { GuardFacts, WebhookFacts } from '../facts.ts';
import { numberAt, objectsAt, textAt } from '../fields.ts';
import { certificatesIn, dayOf, nameOf } from '../pem.ts';

/** Whether the API server has a CA to check the certificate with. */
export const judgeCa: JudgeFacts = ({ webhooks, namespace }, judging) =>
  webhooks.map((webhook) => judgeBundle(webhook, namespace ?? '-', judging));

function judgeBundle({ name, url, caBundle }: WebhookFacts, namespace: string, { text, now }: Judging): GuardCheck {
  const fail = { text, status: 'fail' } as const;
  if (caBundle.trim() === '') {
    if (url !== null) return trouble({ text, status: 'warn' }, 'name.ca', 'ca.system');
    return trouble(fail, 'name.ca', 'ca.missing', { webhook: name, namespace });
  }
  const authorities = readAuthorities(caBundle);
  if (typeof authorities === 'string')
    return trouble(fail, 'name.ca', 'ca.broken', { webhook: name, reason: authorities });
  // An old CA may stand beside its successor for a while: only a bundle without any valid one is a fault.
  const valid = authorities.find(({ validToDate }) => validToDate.getTime() > now);
  const [first] = authorities;
  const shown = valid ?? first;
  if (shown === undefined) return trouble(fail, 'name.ca', 'ca.missing', { webhook: name, namespace });
  const values = { webhook: name, subject: nameOf(shown.subject), until: dayOf(shown.validToDate) };
  return valid === undefined ? trouble(fail, 'name.ca', 'ca.expired', values) : fine(text, 'name.ca', 'ca.ok', values);
}

/** The CAs, or why there are none. */
function readAuthorities(bundle: string): readonly X509Certificate[] | string {
  try {
    const found = certificatesIn(bundle);
    return found.length > 0 ? found : 'no certificate in it';
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Who puts the CA into the webhook configuration: cert-manager, when an annotation asks it to. */
export const judgeInjection: JudgeFacts = (facts, judging) => {
  const first = facts.webhooks.find(({ service }) => service !== null);
  if (first === undefined) return [];
  const { text } = judging;
  if (first.injectFrom === null) {
    // A caBundle that is there was put in by somebody.
    if (first.caBundle.trim() === '') return [];
    const namespace = facts.namespace ?? '-';
    return [trouble({ text, status: 'warn' }, 'name.injection', 'injection.manual', { namespace })];
  }
  return [...judgeSource(first.injectFrom, facts, judging), ...judgeInjector(facts, judging)];
};

function judgeSource(source: string, { certificates }: GuardFacts, { text }: Judging): readonly GuardCheck[] {
  const fail = { text, status: 'fail' } as const;
  if (certificates === null || certificates.kind === 'forbidden' || certificates.kind === 'failed') return [];
  if (certificates.kind === 'absent') {
    return [trouble(fail, 'name.injection', 'injection.noCertManager', { source })];
  }
  const items = objectsAt(certificates.value, 'items');
  const keyOf = (item: unknown): string =>
    `${textAt(item, 'metadata', 'namespace') ?? '-'}/${textAt(item, 'metadata', 'name') ?? '-'}`;
  const found = items.find((item) => keyOf(item) === source);
  if (found === undefined) {
    const known = items.map(keyOf).join(', ') || '-';
    return [trouble(fail, 'name.injection', 'injection.noCertificate', { source, known })];
  }
  const ready = objectsAt(found, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  if (textAt(ready, 'status') === 'True') return [fine(text, 'name.injection', 'injection.ok', { source })];
  const [namespace = '-', name = '-'] = source.split('/');
  const reason = textAt(ready, 'message') ?? '-';
  return [trouble(fail, 'name.injection', 'injection.notReady', { source, namespace, name, reason })];
}

function judgeInjector({ injectors, certificates }: GuardFacts, { text }: Judging): readonly GuardCheck[] {
  if (injectors?.kind !== 'found' || certificates?.kind !== 'found') return [];
  const isRunning = objectsAt(injectors.value, 'items').some(
    (item) => (numberAt(item, 'status', 'availableReplicas') ?? 0) > 0,
  );
  return isRunning ? [] : [trouble({ text, status: 'fail' }, 'name.injection', 'injection.noInjector')];
}
