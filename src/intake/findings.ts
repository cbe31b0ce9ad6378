import { hash } from 'node:crypto';
import type { ForgeEvent } from '../forges/index.ts';
import { type Clock, newId } from '../kernel/index.ts';
import type { AdmissibleEvent } from './port.ts';
import { type Entry, type Recorder, type Result, recordDeliveries } from './record.ts';
import { sortOut } from './sort-out.ts';

/** What was found by asking a forge: it is kept as a delivery too, so that one list tells of everything. */
export interface Finding {
  readonly source: string;
  readonly forge: string;
  /** Host of the pages of its source. */
  readonly host: string;
  /** The same for the same finding, whoever finds it and when: only the first is admitted. */
  readonly deliveryId: string;
  /** At least one. */
  readonly events: readonly AdmissibleEvent[];
}

const MOST_TOGETHER = 32;

/** Stores findings as webhook deliveries are: with what they become, each once. One result for each, in their order. Never rejects. */
export async function recordFindings(
  recorder: Recorder & { readonly clock: Clock },
  findings: readonly Finding[],
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < findings.length; start += MOST_TOGETHER) {
    const entries = findings.slice(start, start + MOST_TOGETHER).map((finding) => entryOf(finding, recorder.clock));
    results.push(...(await recordDeliveries(recorder, entries)));
  }
  return results;
}

function entryOf({ source, forge, host, deliveryId, events }: Finding, clock: Clock): Entry {
  const now = clock.now();
  const body = Buffer.from(JSON.stringify({ finding: deliveryId, events }, null, 2));
  const sorted = sortOut(events);
  if (sorted.kind === 'malformed') throw new TypeError('a finding is never malformed');
  return {
    sorted,
    host,
    event: { kind: 'delivery.received', actor: 'automation' },
    delivery: {
      id: newId('dlv', now),
      source,
      forge,
      via: 'poll',
      deliveryId,
      event: 'poll',
      headers: {},
      body,
      bodyHash: hash('sha256', body, 'buffer'),
      receivedAt: now,
      secretLabel: null,
      remoteAddress: null,
      replayOf: null,
    },
  };
}

/** The events of a finding that was stored: its body is our own. */
export function eventsOfFinding(body: Uint8Array): readonly ForgeEvent[] {
  const { events } = JSON.parse(new TextDecoder().decode(body)) as { readonly events: readonly ForgeEvent[] };
  return events;
}
