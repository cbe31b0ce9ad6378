import { type X509Certificate, createPrivateKey } from 'node:crypto';
import { messageOf } from '../../../kernel/index.ts';
import { type GuardCheck, type JudgeFacts, type Judging, fine, trouble } from '../check.ts';
import type { GuardFacts } from '../facts.ts';
import { textAt } from '../fields.ts';
import { certificatesIn, dayOf, dnsNamesOf, leadsTo, nameOf } from '../pem.ts';

const DAY_MS = 86_400_000;
/** cert-manager renews after two thirds of 90 days, so that a week before the end something is wrong. */
const SOON_DAYS = 7;

/** The Secret that the guard serves with: chain, names, validity, key. */
export const judgeCertificate: JudgeFacts = (facts, judging) => {
  const { text } = judging;
  const fail = { text, status: 'fail' } as const;
  if (facts.deployment === null || facts.namespace === null) return [];
  if (facts.secretName === null || facts.secret === null) {
    return [trouble(fail, 'name.certificate', 'certificate.unnamed')];
  }
  const place = { namespace: facts.namespace, name: facts.secretName };
  switch (facts.secret.kind) {
    case 'absent':
      return [trouble(fail, 'name.certificate', 'certificate.noSecret', place)];
    case 'forbidden':
    case 'failed': {
      const values = { ...place, detail: facts.secret.detail };
      return [trouble({ text, status: 'warn' }, 'name.certificate', 'certificate.unreadable', values)];
    }
    case 'found':
      return judgePair(
        { certificate: decoded(facts.secret.value, 'tls.crt'), key: decoded(facts.secret.value, 'tls.key') },
        place,
        facts,
        judging,
      );
  }
};

function decoded(secret: unknown, key: string): string {
  return Buffer.from(textAt(secret, 'data', key) ?? '', 'base64').toString('utf8');
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

function judgePair(
  pair: { readonly certificate: string; readonly key: string },
  place: Place,
  facts: GuardFacts,
  judging: Judging,
): readonly GuardCheck[] {
  const fail = { text: judging.text, status: 'fail' } as const;
  const empty = pair.certificate.trim() === '' ? 'tls.crt' : 'tls.key';
  if (pair.certificate.trim() === '' || pair.key.trim() === '') {
    return [trouble(fail, 'name.certificate', 'certificate.empty', { ...place, key: empty })];
  }
  const chain = readChain(pair.certificate);
  if (typeof chain === 'string') {
    return [trouble(fail, 'name.certificate', 'certificate.broken', { ...place, reason: chain })];
  }
  const [leaf, ...between] = chain;
  if (leaf === undefined) {
    return [trouble(fail, 'name.certificate', 'certificate.empty', { ...place, key: 'tls.crt' })];
  }
  return [
    ...judgeChain({ leaf, between }, place, facts, judging),
    ...judgeNames(leaf, facts, judging),
    judgeValidity(leaf, place, judging),
    judgeKey(leaf, pair.key, judging),
  ];
}

function readChain(pem: string): readonly X509Certificate[] | string {
  try {
    const chain = certificatesIn(pem);
    return chain.length > 0 ? chain : 'no PEM certificate in it';
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function judgeChain(
  { leaf, between }: { readonly leaf: X509Certificate; readonly between: readonly X509Certificate[] },
  { name }: Place,
  { webhooks }: GuardFacts,
  { text }: Judging,
): readonly GuardCheck[] {
  // A bundle that is empty or broken has a check of its own.
  const bundles = webhooks.map(({ caBundle }) => readChain(caBundle)).filter((bundle) => typeof bundle !== 'string');
  return bundles.map((authorities) => {
    const subject = dnsNamesOf(leaf)[0] ?? nameOf(leaf.subject);
    if (leadsTo(leaf, between, authorities)) return fine(text, 'name.certificate', 'certificate.ok', { subject });
    return trouble({ text, status: 'fail' }, 'name.certificate', 'certificate.unknownAuthority', {
      subject,
      name,
      issuer: nameOf(leaf.issuer),
      authority: authorities.map((authority) => nameOf(authority.subject)).join(', '),
    });
  });
}

/** The API server calls `<service>.<namespace>.svc`; the other names are for people and programs in the cluster. */
function judgeNames(leaf: X509Certificate, { webhooks }: GuardFacts, { text }: Judging): readonly GuardCheck[] {
  const place = webhooks.find(({ service }) => service !== null)?.service;
  if (place === null || place === undefined) return [];
  const { name, namespace } = place;
  const wanted = `${name}.${namespace}.svc`;
  const names = dnsNamesOf(leaf).join(', ') || '-';
  if (leaf.checkHost(wanted) === undefined) {
    return [trouble({ text, status: 'fail' }, 'name.names', 'names.missing', { names, wanted })];
  }
  const others = [name, `${name}.${namespace}`, `${wanted}.cluster.local`];
  const missing = others.filter((other) => leaf.checkHost(other) === undefined);
  if (missing.length === 0) return [fine(text, 'name.names', 'names.ok', { names })];
  return [trouble({ text, status: 'warn' }, 'name.names', 'names.some', { missing: missing.join(', ') })];
}

function judgeValidity(leaf: X509Certificate, { namespace }: Place, { text, now }: Judging): GuardCheck {
  const until = dayOf(leaf.validToDate);
  const days = Math.floor((leaf.validToDate.getTime() - now) / DAY_MS);
  const fail = { text, status: 'fail' } as const;
  if (leaf.validToDate.getTime() <= now) return trouble(fail, 'name.expiry', 'expiry.over', { until });
  if (leaf.validFromDate.getTime() > now) {
    return trouble(fail, 'name.expiry', 'expiry.early', { from: leaf.validFromDate.toISOString() });
  }
  if (days >= SOON_DAYS) return fine(text, 'name.expiry', 'expiry.ok', { until, days });
  return trouble({ text, status: 'warn' }, 'name.expiry', 'expiry.soon', { until, days, namespace });
}

function judgeKey(leaf: X509Certificate, pem: string, { text }: Judging): GuardCheck {
  const fail = { text, status: 'fail' } as const;
  try {
    const isSame = leaf.checkPrivateKey(createPrivateKey(pem));
    return isSame ? fine(text, 'name.key', 'key.ok') : trouble(fail, 'name.key', 'key.other');
  } catch (thrown) {
    return trouble(fail, 'name.key', 'key.broken', { reason: messageOf(thrown) });
  }
}
