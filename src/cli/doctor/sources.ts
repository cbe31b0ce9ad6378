import { type SourceView, pageOf, reasonText, sourceView } from '../../api/contract/index.ts';
import { messageOf } from '../../kernel/index.ts';
import type { Client } from '../client.ts';
import type { Context } from '../context.ts';
import type { Check } from '../render/checks.ts';
import { ago } from '../render/lists.ts';
import { failureOf, hasFailedSince, troubleText } from '../render/source.ts';

type Finding = Omit<Check, 'name'>;

/** What the server knows of each source: its secrets, last delivery and failure, hooks and polls. */
export async function checkSources(context: Context, client: Client): Promise<readonly Check[]> {
  const { text } = context;
  try {
    const { items } = await client.get('/api/v1/sources', pageOf(sourceView));
    return items.flatMap((source) => checkSource(context, source));
  } catch (thrown) {
    const finding = text('doctor.sourcesFails', { reason: messageOf(thrown) });
    return [{ name: text('doctor.sources'), status: 'fail', finding, fix: text('doctor.componentFix') }];
  }
}

function checkSource(context: Context, source: SourceView): readonly Check[] {
  const name = context.text('doctor.source', { name: source.name });
  const troubles = isInUse(source) ? troublesOf(context, source) : strayRequests(context, source);
  const findings = troubles.length > 0 ? troubles : [wellness(context, source)];
  return findings.map((finding) => ({ name, ...finding }));
}

/** The configured ones are always there: one that nobody gave anything to is not missing anything. */
function isInUse({ origin, credentials, repositories, secrets, lastDelivery }: SourceView): boolean {
  const isGiven = credentials !== 'none' || repositories.length > 0 || secrets.length > 0;
  return origin === 'added' || isGiven || lastDelivery !== null;
}

/** Somebody set up a hook, or anybody on the internet tried: no reason to fail. */
function strayRequests(context: Context, source: SourceView): readonly Finding[] {
  if (source.lastFailure === null) return [];
  const fix = context.text('doctor.sourceNoSecretFix', { name: source.name });
  return [{ status: 'warn', finding: failureOf(source, context.screen()), fix }];
}

function wellness(context: Context, source: SourceView): Finding {
  const { text } = context;
  if (!isInUse(source)) return { status: 'ok', finding: text('doctor.sourceUnused'), fix: null };
  const last = source.lastDelivery;
  if (last === null) return { status: 'ok', finding: text('doctor.sourceQuiet'), fix: null };
  const values = { when: ago(last.at, context.screen()), event: last.event, outcome: last.outcome };
  return { status: 'ok', finding: text('doctor.sourceLast', values), fix: null };
}

function troublesOf(context: Context, source: SourceView): readonly Finding[] {
  const { text } = context;
  const { name } = source;
  const screen = context.screen();
  const findings: Finding[] = source.troubles.map((trouble) => {
    const finding = reasonText('source', trouble, screen.language);
    return { status: 'warn', finding, fix: text('doctor.sourceTroubleFix', { name }) };
  });
  if (source.secrets.length === 0) {
    const fix = text('doctor.sourceNoSecretFix', { name });
    findings.push({ status: 'fail', finding: text('doctor.sourceNoSecret'), fix });
  }
  if (source.secrets.length > 0 && hasFailedSince(source)) {
    const labels = source.secrets.map(({ label }) => label).join(', ') || '-';
    const isOfAddresses = source.lastFailure?.reason === 'addresses_unknown';
    const fix = isOfAddresses ? text('doctor.sourceAddressesFix') : text('doctor.sourceFailureFix', { name, labels });
    findings.push({ status: 'warn', finding: failureOf(source, screen), fix });
  }
  if (source.credentials === 'none' && source.repositories.length > 0) {
    const fix = text('doctor.sourceNoCredentialsFix', { name });
    findings.push({ status: 'warn', finding: text('doctor.sourceNoCredentials'), fix });
  }
  for (const { fullName: repository, hook, pollFailure } of source.repositories) {
    for (const trouble of hook?.troubles ?? []) {
      const finding = text('source.hookTrouble', { repository, trouble: troubleText(trouble, screen) });
      findings.push({ status: 'warn', finding, fix: text('doctor.sourceHookFix', { name }) });
    }
    if (pollFailure === null || source.credentials === 'none') continue;
    const finding = text('source.pollFailure', { repository, reason: pollFailure });
    findings.push({ status: 'warn', finding, fix: text('doctor.sourcePollFix') });
  }
  return findings;
}
