import { hash } from 'node:crypto';
import type { BlockList } from 'node:net';
import { type Verification, type WebhookRequest, webHostOf } from '../forges/index.ts';
import { type Clock, type Logger, assertNever, formatDuration, messageOf, newId } from '../kernel/index.ts';
import { type Db, isStorageFull } from '../store/index.ts';
import { RETRY_SECONDS, type Verdict, accepted, notStored, problem } from './answers.ts';
import { type Batches, NoTurn } from './batches.ts';
import type { BodyReader } from './body.ts';
import { clientAddress, networkOf } from './client-address.ts';
import type { FailureLimit } from './failure-limit.ts';
import type { GithubAddresses } from './github-addresses.ts';
import { flatten, mask } from './headers.ts';
import type { Admission, IntakeLimits, IntakeMetrics, IntakeRequest, VerificationFailure } from './port.ts';
import type { Recorded, Understood } from './record.ts';
import { sortOut } from './sort-out.ts';
import type { ActiveSource, SourceDirectory } from './sources/port.ts';
import type { NewDelivery } from './store.ts';

export interface Receiver {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sources: SourceDirectory;
  readonly admission: Admission;
  readonly metrics: IntakeMetrics | undefined;
  readonly limits: IntakeLimits;
  readonly trusted: BlockList;
  readonly bodies: BodyReader;
  readonly batches: Batches;
  readonly failures: FailureLimit;
  /** Told of every request that could not be verified. */
  readonly onFailure: ((failure: VerificationFailure) => void) | undefined;
  /** Where deliveries of GitHub may come from; undefined: from anywhere. */
  readonly githubAddresses: GithubAddresses | undefined;
  /** Sources that were already warned about sending forms. */
  readonly formSenders: Set<string>;
  /** When it was last logged that the sources can not be read, in epoch milliseconds. */
  readonly warned: { sourcesAt: number };
}

const KNOWN_PATHS = '/webhook/github, /webhook/gitlab or /webhook/{forge}/{source}';
const REFRESH_WITHIN_MS = 2000;
/** Anyone can send requests that nobody can verify: while the database is away they must not fill the log. */
const WARN_EVERY_MS = 10_000;

export interface Received extends Verdict {
  readonly event: string;
}

interface Arrived {
  readonly source: ActiveSource;
  readonly client: string;
  readonly request: WebhookRequest;
}

/** One request from first to last check; the order is part of the contract. */
export async function receiveDelivery(receiver: Receiver, request: IntakeRequest): Promise<Received> {
  if (request.method !== 'POST') {
    return early(problem('refused', 'FUN_WEBHOOK_METHOD', { method: request.method }, { allow: 'POST' }));
  }
  const source = await findSource(receiver, request);
  if ('outcome' in source) return early(source);
  const headers = flatten(request.headers);
  const client = clientAddress(request.remoteAddress, headers['x-forwarded-for'], receiver.trusted);
  const refused = refuseHeaders(receiver, headers) ?? (await refuseAddress(receiver, source, client));
  if (refused !== undefined) return early(refused);
  const body = await receiver.bodies.read(request.body);
  if (body.kind !== 'read') return early(unread(receiver, body.kind));
  try {
    const arrived = { source, client, request: { headers, body: body.bytes, now: receiver.clock.now() } };
    return await judge(receiver, arrived);
  } finally {
    body.release();
  }
}

function early(verdict: Verdict): Received {
  return { event: 'unknown', ...verdict };
}

/** By its name; one that another process added a moment ago is found too. */
async function findSource(receiver: Receiver, request: IntakeRequest): Promise<ActiveSource | Verdict> {
  const named = () => {
    const source = receiver.sources.get(request.source);
    return request.forge === undefined || source?.forge === request.forge ? source : undefined;
  };
  const known = named();
  if (known !== undefined) return known;
  const reread = isName(request.source) ? await readSourcesAgain(receiver) : 'no';
  return named() ?? (reread === 'failed' ? notStored('the sources can not be read') : unknownSource(request));
}

/** Names that no source can have are not worth a look. */
function isName(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,38}$/.test(text);
}

/** A database that is away must not hold a request up for long. */
async function readSourcesAgain({ sources, clock, logger, warned }: Receiver): Promise<'yes' | 'no' | 'failed'> {
  const late = Promise.withResolvers<'failed'>();
  const timer = setTimeout(() => late.resolve('failed'), REFRESH_WITHIN_MS);
  const reading = sources.refresh().then(
    (isRead) => (isRead ? ('yes' as const) : ('no' as const)),
    (thrown: unknown) => {
      if (Math.abs(clock.now() - warned.sourcesAt) >= WARN_EVERY_MS) {
        warned.sourcesAt = clock.now();
        logger.warn({ reason: messageOf(thrown) }, 'Failed to read the sources again.');
      }
      return 'failed' as const;
    },
  );
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whoever is not at one of the forge's addresses learns what one with a wrong signature does. */
async function refuseAddress(receiver: Receiver, source: ActiveSource, client: string): Promise<Verdict | undefined> {
  if (receiver.githubAddresses === undefined || source.forge !== 'github') return undefined;
  const judgement = await receiver.githubAddresses.judge(source.apiUrl, client);
  switch (judgement) {
    case 'allowed':
      return undefined;
    case 'refused':
      return fail(receiver, { source, client }, 'address_not_allowed');
    case 'unknown':
      receiver.onFailure?.({ source: source.name, reason: 'addresses_unknown', client, at: receiver.clock.now() });
      return notStored('the addresses that GitHub delivers from are not known yet');
    default:
      return assertNever(judgement);
  }
}

/** What can be told from size and type alone, before a byte of the body is read. */
function refuseHeaders(receiver: Receiver, headers: WebhookRequest['headers']): Verdict | undefined {
  if (Number(headers['content-length'] ?? 0) > receiver.limits.bodyBytes) return unread(receiver, 'too_large');
  const type = headers['content-type'] ?? '(none)';
  if (!/^application\/(?:json|x-www-form-urlencoded)\s*(?:;|$)/i.test(type)) return unreadable('Content-Type', type);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') return unreadable('Content-Encoding', encoding);
  return undefined;
}

/** Names no source that was added: who asks is not known. */
function unknownSource(request: IntakeRequest): Verdict {
  return problem('refused', 'FUN_WEBHOOK_SOURCE_UNKNOWN', { path: request.path.slice(0, 100), known: KNOWN_PATHS });
}

function unreadable(header: string, value: string): Verdict {
  const values = { header, value: value.slice(0, 100) };
  return problem('refused', 'FUN_WEBHOOK_TYPE', values, { 'accept-encoding': 'identity' });
}

function unread(receiver: Receiver, kind: 'too_large' | 'too_slow' | 'no_memory' | 'client_gone'): Verdict {
  switch (kind) {
    case 'too_large':
      return problem('refused', 'FUN_WEBHOOK_TOO_LARGE', { limit: receiver.limits.bodyBytes });
    case 'too_slow':
      return problem('refused', 'FUN_WEBHOOK_TOO_SLOW', { timeout: formatDuration(receiver.limits.bodyMs) });
    case 'no_memory':
      return notStored('too many bodies arrive at once');
    case 'client_gone':
      return problem('refused', 'FUN_WEBHOOK_MALFORMED', { reason: 'its body ended too early' });
    default:
      return assertNever(kind);
  }
}

/** Verify, parse, store: in this order, so that nothing of an unverified body is ever looked at. */
async function judge(receiver: Receiver, arrived: Arrived): Promise<Received> {
  const { request, client } = arrived;
  const { source, verification } = await verify(receiver, arrived);
  if (!verification.ok) return early(fail(receiver, arrived, verification.reason));
  const { webhook } = source;
  const event = webhook.eventName(request);
  const sorted = sortOut(webhook.parse(request));
  if (sorted.kind === 'malformed') {
    receiver.logger.warn(
      { source: source.name, event, reason: sorted.reason, client },
      'An authentic delivery is unreadable.',
    );
    return { event, ...problem('malformed', 'FUN_WEBHOOK_MALFORMED', { reason: sorted.reason }) };
  }
  warnOfSettings(receiver, arrived, sorted);
  const delivery: NewDelivery = {
    id: newId('dlv', request.now),
    source: source.name,
    forge: source.forge,
    via: 'webhook',
    deliveryId: webhook.deliveryId(request).id,
    event,
    headers: mask(request.headers),
    body: request.body,
    bodyHash: hash('sha256', request.body, 'buffer'),
    receivedAt: request.now,
    secretLabel: verification.label,
    remoteAddress: client,
    replayOf: null,
  };
  return { event, ...(await keep(receiver, { delivery, sorted, host: webHostOf(source.forge, source.apiUrl) })) };
}

/** With the secrets that are known; when none fits, with those that another process may have added meanwhile. */
async function verify(
  receiver: Receiver,
  { source, request }: Arrived,
): Promise<{ readonly source: ActiveSource; readonly verification: Verification }> {
  const verification = source.webhook.verify(request, source.secrets);
  if (verification.ok || (await readSourcesAgain(receiver)) !== 'yes') return { source, verification };
  const again = receiver.sources.get(source.name);
  if (again === undefined) return { source, verification: { ok: false, reason: 'no_secret' } };
  return { source: again, verification: again.webhook.verify(request, again.secrets) };
}

function warnOfSettings(receiver: Receiver, arrived: Arrived, sorted: Understood): void {
  const { headers } = arrived.request;
  const source = arrived.source.name;
  if (sorted.kind === 'pong' && sorted.warnings.length > 0) {
    receiver.logger.warn({ source, warnings: sorted.warnings }, 'A hook has settings that will hurt.');
  }
  const isForm = headers['content-type']?.toLowerCase().includes('form') === true;
  if (!isForm || receiver.formSenders.has(source)) return;
  receiver.formSenders.add(source);
  receiver.logger.warn({ source }, 'A hook sends forms: set its content type to application/json.');
}

function fail(receiver: Receiver, arrived: Pick<Arrived, 'source' | 'client'>, reason: string): Verdict {
  const { client } = arrived;
  const source = arrived.source.name;
  receiver.metrics?.signatureFailure(source);
  receiver.onFailure?.({ source, reason, client, at: receiver.clock.now() });
  const seconds = receiver.failures.fail(networkOf(client));
  if (seconds !== undefined) {
    return problem('rate_limited', 'FUN_WEBHOOK_RATE_LIMITED', { seconds }, { 'retry-after': String(seconds) });
  }
  receiver.logger.warn({ source, reason, client }, 'A delivery could not be verified.');
  return problem('unverified', 'FUN_WEBHOOK_UNVERIFIED');
}

async function keep(
  receiver: Receiver,
  understood: { readonly delivery: NewDelivery; readonly sorted: Understood; readonly host: string },
): Promise<Verdict> {
  const { delivery, sorted } = understood;
  const { logger, limits } = receiver;
  const fields = { source: delivery.source, deliveryId: delivery.deliveryId, event: delivery.event };
  try {
    const event = { kind: 'delivery.received', actor: 'automation' };
    const recorded = await receiver.batches.store({ ...understood, event });
    const outcome = recorded.kind === 'duplicate' ? 'duplicate' : recorded.decision.outcome;
    const reason = recorded.kind === 'duplicate' ? null : recorded.decision.reason;
    logger.info(
      { ...fields, id: delivery.id, outcome, reason, secretLabel: delivery.secretLabel },
      'Delivery received.',
    );
    return answerOf(recorded, delivery, sorted);
  } catch (thrown) {
    const full = isStorageFull(thrown);
    const reason = thrown instanceof NoTurn ? messageOf(thrown) : `${messageOf(thrown)} (limit ${limits.storeMs} ms)`;
    logger.error({ ...fields, full, reason }, 'Failed to store a delivery; answered 503.');
    if (full) return problem('unavailable', 'FUN_STORAGE_FULL', {}, { 'retry-after': String(RETRY_SECONDS) });
    return notStored(thrown instanceof NoTurn ? 'too many deliveries arrive at once' : 'the database does not take it');
  }
}

function answerOf(recorded: Recorded, delivery: NewDelivery, sorted: Understood): Verdict {
  const { deliveryId } = delivery;
  if (recorded.kind === 'duplicate') return accepted('duplicate', { status: 'duplicate', delivery_id: deliveryId });
  const { outcome, reason } = recorded.decision;
  switch (outcome) {
    case 'queued':
      return accepted(outcome, { status: 'success', task_queued: true, delivery_id: deliveryId });
    case 'pong': {
      const warnings = sorted.kind === 'pong' ? sorted.warnings : [];
      return accepted(outcome, warnings.length > 0 ? { status: 'pong', warnings } : { status: 'pong' });
    }
    case 'ignored':
    case 'rejected':
      return accepted(outcome, { status: 'ignored', reason });
    default:
      return assertNever(outcome);
  }
}
