import { hashedId, isDeliveryId, sentId } from '../payloads/delivery-id.ts';
import { ignored } from '../payloads/ignored.ts';
import type { ForgeEvent, ForgeWebhook, WebhookRequest } from '../port.ts';
import { readers } from './events.ts';
import { readPayload } from './payload.ts';
import { verifySignature } from './signature.ts';

const EVENT_NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** Webhooks of github.com and GitHub Enterprise Server. Only the body is signed, not the event's name nor the id. */
export const githubWebhook: ForgeWebhook = {
  id: 'github',
  verify: verifySignature,
  eventName,
  deliveryId,
  parse: (request) => [parse(request)],
  labelKey: (label) => label.toLowerCase(),
};

function eventName(request: WebhookRequest): string {
  const name = request.headers['x-github-event'] ?? '';
  return EVENT_NAME.test(name) ? name : 'unknown';
}

function deliveryId(request: WebhookRequest): { readonly id: string; readonly stable: boolean } {
  const id = request.headers['x-github-delivery'] ?? '';
  if (isDeliveryId(id)) return { id: sentId(id, request.body), stable: true };
  return { id: hashedId('', request.body), stable: false };
}

function parse(request: WebhookRequest): ForgeEvent {
  const { 'x-github-event': name = '', 'x-github-delivery': id = '' } = request.headers;
  if (name === '' || id === '') return { kind: 'malformed', reason: 'header_missing' };
  if (!EVENT_NAME.test(name) || !isDeliveryId(id)) return { kind: 'malformed', reason: 'header_invalid' };
  const payload = readPayload(request);
  if (typeof payload === 'string') return { kind: 'malformed', reason: payload };
  const read = readers.get(name);
  return read === undefined ? ignored('event_not_handled') : read(payload);
}
