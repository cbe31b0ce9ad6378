import type { ForgeEvent, MalformedEvent, PingEvent } from '../forges/index.ts';
import { assertNever } from '../kernel/index.ts';
import type { AdmissibleEvent } from './port.ts';

/** What a delivery asks for, before anybody was asked whether it is wanted. */
export type Sorted =
  | { readonly kind: 'admit'; readonly events: readonly AdmissibleEvent[] }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'pong'; readonly warnings: PingEvent['warnings'] }
  | { readonly kind: 'malformed'; readonly reason: MalformedEvent['reason'] };

/** Sorts the events of one delivery. A deleted ref can't be released; one event that can be makes the delivery count. */
export function sortOut(events: readonly ForgeEvent[]): Sorted {
  const wanted: AdmissibleEvent[] = [];
  let reason = 'event_not_handled';
  for (const event of events) {
    switch (event.kind) {
      case 'malformed':
        return { kind: 'malformed', reason: event.reason };
      case 'ping':
        return { kind: 'pong', warnings: event.warnings };
      case 'ignored':
        ({ reason } = event);
        break;
      case 'push':
      case 'tag':
        if (event.deleted) reason = 'ref_deleted';
        else wanted.push(event);
        break;
      case 'label_added':
      case 'opened':
      case 'closed':
      case 'assigned':
      case 'unassigned':
      case 'comment':
        wanted.push(event);
        break;
      default:
        assertNever(event);
    }
  }
  return wanted.length > 0 ? { kind: 'admit', events: wanted } : { kind: 'ignored', reason };
}
