import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { PushEvent, TagEvent, TaskEvent } from '../forges/index.ts';
import type { Trx } from '../store/index.ts';

/**
 * Decides what pushes, tags and events of issues and changes become. It runs inside the transaction that stores their
 * deliveries: what it writes exists exactly when they do. It does no I/O but SQL. It is never asked about deleted refs; two
 * deliveries can tell of the same push, tag or label. When it throws, it is asked again about each delivery alone. An error that
 * is not worth a retry then stores the delivery as `rejected`; any other leaves nothing and answers 503.
 */
export interface Admission {
  /** Reads and decides, without writing anything. */
  plan(trx: Trx, arrivals: readonly Arrival[]): Promise<AdmissionPlan>;
}

export interface AdmissionPlan {
  /** One decision for each arrival, in their order. */
  readonly decisions: readonly Admitted[];
  /** Writes what was decided of the arrivals at these places; the others had been delivered before. Called once. */
  write(places: readonly number[]): Promise<void>;
}

/** Something that can become a run or a task. */
export type AdmissibleEvent = PushEvent | TagEvent | TaskEvent;

/** How a delivery came: sent by the forge, or found by asking it. */
export type Via = 'webhook' | 'poll';

/** An event, and the delivery that told of it. */
export interface Arrival {
  readonly event: AdmissibleEvent;
  /** Name of the source: the forge's own (`github`), or one that was added. */
  readonly source: string;
  /** Id of the forge's implementation. */
  readonly forge: string;
  /** Host of the source's pages. Which forge an event is of is known from this, never from what a payload says of itself. */
  readonly host: string;
  readonly deliveryId: string;
  readonly via: Via;
  /** A person had a stored delivery admitted once more. */
  readonly isReplay: boolean;
  /** Which hook of the forge sent it, where the forge tells: of one event, each hook sends a delivery. */
  readonly hook?: string | null;
}

export type Admitted =
  | { readonly kind: 'queued'; readonly runIds: readonly string[]; readonly taskIds: readonly string[] }
  | { readonly kind: 'ignored'; readonly reason: string };

/** What became of a stored delivery. */
export type StoredOutcome = 'queued' | 'ignored' | 'pong' | 'rejected';

/**
 * What became of a request: a stored outcome, `duplicate`, or why nothing was stored. `refused` is wrong in form (method,
 * path, type, size, time), `unverified` and `rate_limited` are not authentic, `malformed` is authentic but unreadable,
 * `unavailable` could not be stored.
 */
export type Outcome =
  | StoredOutcome
  | 'duplicate'
  | 'refused'
  | 'unverified'
  | 'rate_limited'
  | 'malformed'
  | 'unavailable';

/** Counters. `event` and `source` come from bounded sets: `other` and `unknown` stand for the rest. */
export interface IntakeMetrics {
  observe(outcome: Outcome, source: string, event: string, seconds: number): void;
  signatureFailure(source: string): void;
}

export interface IntakeRequest {
  /** Name of the source in the path. */
  readonly source: string;
  /** The forge before it in the path, when it is named there; a source of another one is not found. */
  readonly forge?: string | undefined;
  readonly method: string;
  readonly path: string;
  /** Lower-case names, as node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The raw bytes, or a stream of them that nobody has read from. */
  readonly body: Uint8Array | Readable;
  /** Address of the peer, before `X-Forwarded-For` of a trusted proxy is looked at. */
  readonly remoteAddress: string;
}

export interface IntakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface IntakeLimits {
  /** Bytes of one body; 25 MiB, as much as GitHub sends. */
  readonly bodyBytes: number;
  /** Milliseconds for a body to arrive; 14 s, so that the socket is closed within 15. */
  readonly bodyMs: number;
  /** Bytes of all bodies in memory; over it the largest unfinished one is dropped (503). 256 MiB. */
  readonly bufferedBytes: number;
  /** Transactions at the same time; what arrives meanwhile waits for its turn and is stored together. 2. */
  readonly concurrency: number;
  /** Deliveries that may wait for their turn; more are answered 503. 2000. */
  readonly waiting: number;
  /** Milliseconds to wait for a turn and to store; then 503. 8 s, since GitHub gives up after 10. */
  readonly storeMs: number;
  /** Failed verifications a client may have in a minute before it gets 429; 60. */
  readonly failuresPerMinute: number;
  /** CIDRs of proxies whose `X-Forwarded-For` is believed; none. */
  readonly trustedProxies: readonly string[];
}

/** A stored delivery as people see it. Times are epoch milliseconds. */
export interface Delivery {
  readonly id: string;
  readonly source: string;
  readonly forge: string;
  readonly via: Via;
  /** The forge's id; `replay:` and our id for a replay. */
  readonly deliveryId: string;
  readonly event: string;
  readonly outcome: StoredOutcome;
  readonly reason: string | null;
  readonly runIds: readonly string[];
  readonly taskIds: readonly string[];
  readonly receivedAt: number;
  /** Headers that are not known to be harmless are `***`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Only from `getDelivery`, and only while it is kept. */
  readonly body: string | null;
  readonly secretLabel: string | null;
  readonly remoteAddress: string | null;
  /** Id of the delivery that this one replays. */
  readonly replayOf: string | null;
  /** How often it came again, and when last. */
  readonly duplicates: number;
  readonly lastDuplicateAt: number | null;
}

export interface DeliveryFilter {
  readonly source?: string | undefined;
  readonly outcome?: StoredOutcome | undefined;
}

/** A request that could not be verified. `at` is epoch milliseconds. */
export interface VerificationFailure {
  readonly source: string;
  readonly reason: string;
  readonly client: string;
  readonly at: number;
}

export interface Intake {
  /** Answers one webhook request; never throws. The answer is 2xx only after the delivery is committed. */
  receive(request: IntakeRequest): Promise<IntakeAnswer>;
  /** The same on node's HTTP objects, for paths `/webhook/{source}`, `/webhook/{forge}/{source}` and both without `/webhook`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Newest first. `cursor` is the `next` of the page before. */
  listDeliveries(
    page: DeliveryFilter & {
      readonly limit: number;
      readonly cursor?: string | undefined;
    },
  ): Promise<{ readonly items: readonly Delivery[]; readonly next: string | null }>;
  /** By our id or, where no delivery has it, the forge's; undefined when there is none. */
  getDelivery(id: string): Promise<Delivery | undefined>;
  /**
   * Admits a stored delivery once more, as a new delivery that references the first. Throws FUN_NOT_FOUND,
   * FUN_DELIVERY_BODY_GONE (its body was removed by retention) and FUN_WEBHOOK_SOURCE_UNKNOWN.
   */
  replay(id: string, actor: string): Promise<Delivery>;
  /** Removes bodies received before `olderThan` (epoch milliseconds) and with them the dedupe by body; ids and hashes stay. */
  pruneBodies(olderThan: number): Promise<number>;
}
