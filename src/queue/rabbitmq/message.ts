import type { AsyncMessage } from 'rabbitmq-client';
import { newId } from '../../kernel/index.ts';
import { TRIES_HEADER } from './publisher.ts';

export interface ReadMessage {
  readonly id: string;
  readonly data: object;
  /** How often its handler has thrown. */
  readonly tries: number;
  /** How often the broker has handed it out before without getting an answer. */
  readonly deliveries: number;
}

/** Null for a message that is no JSON object, whatever it claims to be. */
export function readMessage(message: Pick<AsyncMessage, 'body' | 'messageId' | 'headers'>): ReadMessage | null {
  const data = readBody(message.body);
  if (data === null) return null;
  const { headers } = message;
  return {
    id: message.messageId ?? newId('job'),
    data,
    tries: countOf(headers?.[TRIES_HEADER]),
    deliveries: countOf(headers?.['x-delivery-count']),
  };
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** The library has parsed what is labelled as JSON and is; else it hands over bytes, or text where it is labelled so. */
function readBody(body: unknown): object | null {
  if (Buffer.isBuffer(body)) return objectOf(body.toString('utf8'));
  if (typeof body === 'string') return objectOf(body);
  return isRecord(body) ? body : null;
}

function objectOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
