import { type Payload, asList, asObject } from '../payloads/fields.ts';
import { ignored } from '../payloads/ignored.ts';
import type { ForgeEvent, PingEvent } from '../port.ts';

/** A hook that sends no issues is no mistake: many are for deliveries alone. */
export function readPing(payload: Payload): ForgeEvent {
  const hook = asObject(payload['hook']);
  if (typeof payload['zen'] !== 'string' || hook === undefined) return ignored('payload_mismatch');
  return { kind: 'ping', warnings: [...warningsOf(hook)] };
}

function* warningsOf(hook: Payload): Generator<PingEvent['warnings'][number]> {
  const events = asList(hook['events']);
  const config = asObject(hook['config']);
  const insecure = config?.['insecure_ssl'];
  if (!events.includes('push') && !events.includes('*')) {
    yield { code: 'missing_event', message: 'The hook does not send push events: pushes will not arrive.' };
  }
  if (config?.['content_type'] === 'form') {
    yield { code: 'form_content_type', message: 'The hook sends forms: set its content type to application/json.' };
  }
  if (insecure === '1' || insecure === 1) {
    yield {
      code: 'tls_verification_off',
      message: "The hook does not check this server's certificate: turn SSL verification on.",
    };
  }
  if (hook['active'] === false) {
    yield { code: 'hook_inactive', message: 'The hook is not active: it will deliver nothing.' };
  }
}
