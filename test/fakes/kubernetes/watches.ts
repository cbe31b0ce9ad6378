import type { ServerResponse } from 'node:http';
import { REASONS, sendStatus, statusOf } from './faults.ts';
import { type Place, apiVersionOf } from './kinds.ts';
import type { FakeEvent, FakeObject, FakeObjects } from './objects.ts';

export interface WatchSettings {
  /** Milliseconds between bookmarks. */
  bookmarkMs: number;
  /** Milliseconds after which events are told. */
  lagMs: number;
  /** Watches stay open, and nothing comes. */
  isSilent: boolean;
  /** Milliseconds after which each watch is closed, as a server does it; `null`: as the client asked. */
  closeAfterMs: number | null;
  /** How a version that is too old is told. */
  expiredAs: 'status' | 'event';
}

export interface Watches {
  open(place: Place, query: URLSearchParams, response: ServerResponse): void;
  closeAll(how: 'end' | 'cut'): void;
  count(): number;
}

interface Watch {
  readonly place: Place;
  readonly response: ServerResponse;
  cursor: number;
}

export function createWatches(objects: FakeObjects, settings: WatchSettings): Watches {
  const watches = new Set<Watch>();
  objects.onEvent((event) => {
    const later = [...watches].filter(({ place }) => place.kind === event.kind);
    if (settings.lagMs === 0) for (const watch of later) pump(watch);
    else setTimeout(() => later.forEach(pump), settings.lagMs + 1).unref();
  });

  function pump(watch: Watch): void {
    if (settings.isSilent || watch.response.writableEnded) return;
    const until = performance.now() - settings.lagMs;
    for (const event of objects.since(watch.place.kind, watch.cursor)) {
      if (event.at > until) return;
      watch.cursor = event.version;
      if (isIn(watch.place, event)) tell(watch, event.type, event.object);
    }
  }

  function tell({ place, response }: Watch, type: string, object: FakeObject): void {
    const apiVersion = apiVersionOf(place.kind, place.version);
    response.write(`${JSON.stringify({ type, object: { ...object, kind: place.kind.kind, apiVersion } })}\n`);
  }

  function bookmark(watch: Watch): void {
    pump(watch);
    if (settings.isSilent || watch.response.writableEnded) return;
    // With lag, the version of the last event that was told; else that of now.
    if (settings.lagMs === 0) watch.cursor = Math.max(watch.cursor, objects.version());
    tell(watch, 'BOOKMARK', { metadata: { resourceVersion: String(watch.cursor), creationTimestamp: null } });
  }

  function open(place: Place, query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion') ?? '0');
    const isExpired = from < objects.compactedAt();
    if (isExpired && settings.expiredAs === 'status') {
      return sendStatus(response, 410, { reason: 'Expired', message: `too old resource version: ${from}` });
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (isExpired) {
      const object = statusOf(410, REASONS[410] ?? '', `too old resource version: ${from}`);
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watch: Watch = { place, response, cursor: from };
    watches.add(watch);
    const bookmarks = query.get('allowWatchBookmarks') === 'true';
    const beat = setInterval(() => bookmarks && bookmark(watch), settings.bookmarkMs);
    const seconds = Number(query.get('timeoutSeconds') ?? '1800');
    const closing = setTimeout(() => response.end(), settings.closeAfterMs ?? seconds * 1000);
    response.once('close', () => {
      clearInterval(beat);
      clearTimeout(closing);
      watches.delete(watch);
    });
    pump(watch);
  }

  function closeAll(how: 'end' | 'cut'): void {
    for (const { response } of watches) {
      if (how === 'end') response.end();
      else response.socket?.destroy();
    }
  }

  return { open, closeAll, count: () => watches.size };
}

function isIn({ namespace }: Place, { object }: FakeEvent): boolean {
  return namespace === null || object.metadata.namespace === namespace;
}
