import { type Clock, type Logger, messageOf, sleep } from '../../kernel/index.ts';
import { troubleFields } from '../errors.ts';
import type { JsonObject } from '../review/review.ts';
import type { ApiClient } from './api-client.ts';
import type { Cache, Entry } from './cache.ts';
import { listPages } from './pages.ts';
import { type NamedObject, type Project, namedOf } from './projections.ts';
import type { Resource } from './resources.ts';
import { type Random, createBackoff } from './retry.ts';
import { isObject, reasonOf } from './status.ts';
import { ApiTrouble, type ApiTroubleReason, isApiTrouble, logFieldsOf } from './trouble.ts';
import type { WatchLine } from './watch-stream.ts';

export type ReflectorState = 'stopped' | 'listing' | 'watching' | 'waiting';

/** Keeps a cache equal to what the API server has: one list, then a watch from its version on. */
export interface Reflector {
  start(): void;
  stop(): Promise<void>;
  /** The whole list was there once. */
  synced(): boolean;
  /** When the API server last said something: a list, an event or a bookmark. */
  heardAt(): number | null;
  state(): ReflectorState;
  /** Since the last success. */
  trouble(): ApiTroubleReason | null;
  /** Objects that could not be read, since the start. */
  skipped(): number;
}

export interface ReflectorOptions<T extends { readonly namespace: string; readonly name: string }> {
  readonly api: Pick<ApiClient, 'list' | 'watch'>;
  readonly resource: Resource;
  readonly cache: Cache<T>;
  readonly project: Project<T>;
  readonly pageSize: number;
  readonly silenceMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/** Of one page. */
const LIST_TIMEOUT_MS = 15_000;
const LONGEST_WAIT_MS = 60_000;
/** A watch that lived this long was a success, also when there was nothing to tell. */
const LIVED_MS = 5000;
/** The server ends a watch after a time in this range, so that those of many clients do not end together. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** Troubles after which the list is read again; after the others the watch goes on from where it was. */
const RELIST: readonly ApiTroubleReason[] = ['gone', 'not_found', 'too_large', 'malformed', 'refused'];

export function createReflector<T extends { readonly namespace: string; readonly name: string }>(
  options: ReflectorOptions<T>,
): Reflector {
  const { api, resource, cache, project, pageSize, silenceMs, clock, random } = options;
  const logger = options.logger.child({ resource: resource.name });
  const stopping = new AbortController();
  const { signal } = stopping;
  const backoff = createBackoff({ first: 200, most: 30_000 }, random);
  let running: Promise<void> | null = null;
  let state: ReflectorState = 'stopped';
  let trouble: ApiTroubleReason | null = null;
  let synced = false;
  let heardAt: number | null = null;
  let skipped = 0;
  /** Of the last thing that was heard; `null`: the list is due. */
  let version: string | null = null;
  let silences = 0;

  function heard(): void {
    heardAt = clock.now();
    trouble = null;
  }

  async function list(): Promise<string> {
    state = 'listing';
    const entries: Entry<T>[] = [];
    const started = performance.now();
    const listing = { api, resource, namespace: null, pageSize, options: { signal, timeoutMs: LIST_TIMEOUT_MS } };
    const listed = await listPages(listing, (object) => {
      const entry = read(object);
      if (entry !== null) entries.push(entry);
    });
    cache.replace(entries);
    heard();
    synced = true;
    logger.info({ objects: cache.size(), ms: Math.round(performance.now() - started) }, 'Listed.');
    return listed;
  }

  function read(object: JsonObject | null): Entry<T> | null {
    const entry = object === null ? null : project(object);
    if (entry !== null) return entry;
    skipped += 1;
    const named = object === null ? null : namedOf(object);
    logger.warn(
      { namespace: named?.namespace ?? null, name: named?.name ?? null },
      'Skipped an object: it is unreadable.',
    );
    return null;
  }

  /** Until the server closes the watch. */
  async function watch(from: string): Promise<void> {
    const seconds = WATCH_SECONDS.least + Math.floor(WATCH_SECONDS.spread * random());
    const query = new URLSearchParams({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(seconds),
    });
    const path = `${resource.path(null)}?${String(query)}`;
    const opened = clock.now();
    const timeoutMs = Math.min(silenceMs, LIST_TIMEOUT_MS);
    try {
      for await (const line of api.watch(path, { signal, silenceMs, timeoutMs, opened: noteOpened })) {
        take(line);
        silences = 0;
        backoff.reset();
      }
    } catch (error) {
      if (isApiTrouble(error, 'not_found')) resource.fallBack(path);
      throw error;
    } finally {
      if (clock.now() - opened >= LIVED_MS) backoff.reset();
    }
    // A server that closes each watch at once, also after a word, would otherwise be asked without a pause.
    if (clock.now() - opened < 1000) throw new ApiTrouble('unreachable', 'the watch was closed at once');
  }

  function take({ type, object }: WatchLine): void {
    if (type === 'ERROR') {
      const code = typeof object['code'] === 'number' ? object['code'] : 0;
      // What it could not tell is lost, whatever the cause.
      version = null;
      throw new ApiTrouble(reasonOf(code), `watch ${resource.name}: an error event with code ${code}`, {
        status: code,
      });
    }
    apply(type, object);
    const metadata = object['metadata'];
    const told = isObject(metadata) ? metadata['resourceVersion'] : undefined;
    if (typeof told === 'string' && told !== '') version = told;
    heard();
  }

  function apply(type: string, object: JsonObject): void {
    if (type === 'BOOKMARK') return;
    const named = namedOf(object);
    if (named === null || !['ADDED', 'MODIFIED', 'DELETED'].includes(type)) {
      throw new ApiTrouble('malformed', `watch ${resource.name}: an event that is not understood`);
    }
    if (type === 'DELETED') return cache.remove(named.namespace, named.name);
    upsert(object, named);
  }

  /** An object that became unreadable is not known any more: its old state would be wrong. */
  function upsert(object: JsonObject, { namespace, name }: NamedObject): void {
    const entry = read(object);
    if (entry === null) cache.remove(namespace, name);
    else cache.put(entry);
  }

  function noteOpened(): void {
    state = 'watching';
    trouble = null;
  }

  async function round(): Promise<void> {
    version ??= await list();
    await watch(version);
  }

  function noteTrouble(error: ApiTrouble): void {
    trouble = error.reason;
    silences = error.reason === 'silent' ? silences + 1 : 0;
    if (RELIST.includes(error.reason) || silences >= 2) version = null;
    if (silences >= 2) silences = 0;
    const level = error.reason === 'gone' || error.reason === 'silent' ? 'info' : 'warn';
    logger[level](logFieldsOf(error), 'The watch broke off.');
  }

  /** A defect of ours must not end the watch for good. */
  function troubleOf(error: unknown): ApiTrouble {
    if (isApiTrouble(error)) return error;
    logger.error(
      { ...troubleFields('unexpected'), cause: messageOf(error) },
      'Failed to take what the API server told.',
    );
    return new ApiTrouble('malformed', `watch ${resource.name}: it could not be taken`);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (signal.aborted) break;
        const met = troubleOf(error);
        noteTrouble(met);
        state = 'waiting';
        await sleep(Math.min(Math.max(backoff.next(), met.retryAfterMs ?? 0), LONGEST_WAIT_MS), signal);
      }
    }
    state = 'stopped';
  }

  return {
    start: () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    synced: () => synced,
    heardAt: () => heardAt,
    state: () => state,
    trouble: () => trouble,
    skipped: () => skipped,
  };
}
