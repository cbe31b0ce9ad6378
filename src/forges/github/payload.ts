import type { MalformedEvent, WebhookRequest } from '../port.ts';

export type Payload = Readonly<Record<string, unknown>>;

/** GitHub can wrap the JSON in a form field; the signature then covers the form's text. */
export function isForm(request: WebhookRequest): boolean {
  return request.headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
}

/** The JSON object of a delivery, or why there is none. */
export function readPayload(request: WebhookRequest): Payload | MalformedEvent['reason'] {
  const text = decode(request.body);
  if (text === undefined) return 'not_utf8';
  const json = isForm(request) ? new URLSearchParams(text).get('payload') : text;
  if (json === null) return 'not_json';
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return 'not_json';
  }
  return asObject(value) ?? 'not_an_object';
}

export function asObject(value: unknown): Payload | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Payload) : undefined;
}

/** A string without NUL, which PostgreSQL's text can't hold; anything else is undefined. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.replaceAll('\0', '') : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(body: Uint8Array): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}
