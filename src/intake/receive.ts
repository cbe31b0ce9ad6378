import { hash } from 'node:crypto';
import type { BlockList } from 'node:net';
import type { ForgeWebhook, Secret, WebhookRequest } from '../forges/index.ts';
import { type Clock, type Logger, assertNever, formatDuration, messageOf, newId } from '../kernel/index.ts';
import { type Db, isStorageFull } from '../store/index.ts';
import { RETRY_SECONDS, type Verdict, accepted, notStored, problem } from './answers.ts';
import { type Batches, NoTurn } from './batches.ts';
import type { BodyReader } from './body.ts';
import { clientAddress, networkOf } from './client-address.ts';
import type { FailureLimit } from './failure-limit.ts';
import { flatten, mask } from './headers.ts';
import type { Admission, IntakeLimits, IntakeMetrics, IntakeRequest } from './port.ts';
import type { Recorded, Understood } from './record.ts';
import { sortOut } from './sort-out.ts';
import type { NewDelivery } from './store.ts';

export interface Receiver {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly forges: ReadonlyMap<string, ForgeWebhook>;
  readonly secrets: ReadonlyMap<string, readonly Secret[]>;
  readonly admission: Admission;
  readonly metrics: IntakeMetrics | undefined;
  readonly limits: IntakeLimits;
  readonly trusted: BlockList;
  readonly bodies: BodyReader;
  readonly batches: Batches;
  readonly failures: FailureLimit;
  /** Sources that were already warned about sending forms. */
  readonly formSenders: Set<string>;
}

export interface Received extends Verdict {
  readonly event: string;
}

interface Arrived {
  readonly forge: ForgeWebhook;
  readonly client: string;
  readonly request: WebhookRequest;
}

/** One request from first to last check; the order is part of the contract. */
export async function receiveDelivery(receiver: Receiver, request: IntakeRequest): Promise<Received> {
  if (request.method !== 'POST') {
    return early(problem('refused', 'FUN_WEBHOOK_METHOD', { method: request.method }, { allow: 'POST' }));
  }
  const forge = receiver.forges.get(request.source);
  if (forge === undefined) return early(unknownSource(receiver, request));
  const headers = flatten(request.headers);
  const refused = refuseHeaders(receiver, headers);
  if (refused !== undefined) return early(refused);
  const body = await receiver.bodies.read(request.body);
  if (body.kind !== 'read') return early(unread(receiver, body.kind));
  try {
    const client = clientAddress(request.remoteAddress, headers['x-forwarded-for'], receiver.trusted);
    const arrived = { forge, client, request: { headers, body: body.bytes, now: receiver.clock.now() } };
    return await judge(receiver, arrived);
  } finally {
    body.release();
  }
}

function early(verdict: Verdict): Received {
  return { event: 'unknown', ...verdict };
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

function unknownSource(receiver: Receiver, request: IntakeRequest): Verdict {
  const known = [...receiver.forges.keys()].map((source) => `/webhook/${source}`).join(', ');
  return problem('refused', 'FUN_WEBHOOK_SOURCE_UNKNOWN', { path: request.path.slice(0, 100), known });
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
      return notStored('too many large bodies arrive at once');
    case 'client_gone':
      return problem('refused', 'FUN_WEBHOOK_MALFORMED', { reason: 'its body ended too early' });
    default:
      return assertNever(kind);
  }
}

/** Verify, parse, store: in this order, so that nothing of an unverified body is ever looked at. */
async function judge(receiver: Receiver, arrived: Arrived): Promise<Received> {
  const { forge, request, client } = arrived;
  const verification = forge.verify(request, receiver.secrets.get(forge.id) ?? []);
  if (!verification.ok) return { event: 'unknown', ...fail(receiver, arrived, verification.reason) };
  const event = forge.eventName(request);
  const sorted = sortOut(forge.parse(request));
  if (sorted.kind === 'malformed') {
    receiver.logger.warn(
      { source: forge.id, event, reason: sorted.reason, client },
      'An authentic delivery is unreadable.',
    );
    return { event, ...problem('malformed', 'FUN_WEBHOOK_MALFORMED', { reason: sorted.reason }) };
  }
  warnOfSettings(receiver, arrived, sorted);
  const delivery: NewDelivery = {
    id: newId('dlv', request.now),
    source: forge.id,
    deliveryId: forge.deliveryId(request).id,
    event,
    headers: mask(request.headers),
    body: request.body,
    bodyHash: hash('sha256', request.body, 'buffer'),
    receivedAt: request.now,
    secretLabel: verification.label,
    remoteAddress: client,
    replayOf: null,
  };
  return { event, ...(await keep(receiver, delivery, sorted)) };
}

function warnOfSettings(receiver: Receiver, { forge, request }: Arrived, sorted: Understood): void {
  if (sorted.kind === 'pong' && sorted.warnings.length > 0) {
    receiver.logger.warn({ source: forge.id, warnings: sorted.warnings }, 'A hook has settings that will hurt.');
  }
  const isForm = request.headers['content-type']?.toLowerCase().includes('form') === true;
  if (!isForm || receiver.formSenders.has(forge.id)) return;
  receiver.formSenders.add(forge.id);
  receiver.logger.warn({ source: forge.id }, 'A hook sends forms: set its content type to application/json.');
}

function fail(receiver: Receiver, arrived: Arrived, reason: string): Verdict {
  const source = arrived.forge.id;
  receiver.metrics?.signatureFailure(source);
  const seconds = receiver.failures.fail(networkOf(arrived.client));
  if (seconds !== undefined) {
    return problem('rate_limited', 'FUN_WEBHOOK_RATE_LIMITED', { seconds }, { 'retry-after': String(seconds) });
  }
  receiver.logger.warn({ source, reason, client: arrived.client }, 'A delivery could not be verified.');
  return problem('unverified', 'FUN_WEBHOOK_UNVERIFIED');
}

async function keep(receiver: Receiver, delivery: NewDelivery, sorted: Understood): Promise<Verdict> {
  const { logger, limits } = receiver;
  const fields = { source: delivery.source, deliveryId: delivery.deliveryId, event: delivery.event };
  try {
    const event = { kind: 'delivery.received', actor: 'automation' };
    const recorded = await receiver.batches.store({ delivery, sorted, event });
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
