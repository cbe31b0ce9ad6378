import { hashedId, isDeliveryId, sentId } from '../payloads/delivery-id.ts';
import { ignored } from '../payloads/ignored.ts';
import { readJson } from '../payloads/json.ts';
import type { ForgeEvent, ForgeWebhook, WebhookRequest } from '../port.ts';
import { readers } from './events.ts';
import { verify } from './signature.ts';

const EVENT_NAME = /^(?=.{6,64}$)(?:[A-Z][A-Za-z]* )+Hook$/;

/** Webhooks of gitlab.com and GitLab installations, of projects and of groups. */
export const gitlabWebhook: ForgeWebhook = {
  id: 'gitlab',
  verify,
  eventName,
  deliveryId,
  parse,
  labelKey: (label) => label,
};

function eventName(request: WebhookRequest): string {
  const name = request.headers['x-gitlab-event'] ?? '';
  return EVENT_NAME.test(name) ? name : 'unknown';
}

/**
 * `webhook-id` is signed, `Idempotency-Key` says the same. Neither `X-Gitlab-Event-UUID` (shared by hooks that cause each other) nor
 * `X-Gitlab-Webhook-UUID` (new with each attempt) names a delivery, so older versions of GitLab have no id to give.
 */
function deliveryId(request: WebhookRequest): { readonly id: string; readonly stable: boolean } {
  const { 'webhook-id': signed = '', 'idempotency-key': key = '' } = request.headers;
  const id = [signed, key].find(isDeliveryId);
  if (id !== undefined) return { id: sentId(id, request.body), stable: true };
  return { id: hashedId(`${eventName(request)}\n`, request.body), stable: false };
}

function parse(request: WebhookRequest): readonly ForgeEvent[] {
  const name = request.headers['x-gitlab-event'] ?? '';
  if (name === '') return [{ kind: 'malformed', reason: 'header_missing' }];
  if (!EVENT_NAME.test(name)) return [{ kind: 'malformed', reason: 'header_invalid' }];
  const payload = readJson(request.body);
  if (typeof payload === 'string') return [{ kind: 'malformed', reason: payload }];
  return readers.get(name)?.(payload) ?? [ignored('event_not_handled')];
}
