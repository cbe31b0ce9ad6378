/** A webhook request as it arrived. Header names are lower case; the body is the exact bytes that were signed. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** Epoch milliseconds, for signatures that carry a time. */
  readonly now: number;
}

/** One of the secrets that are valid now. The label may be logged and stored, the value never. */
export interface Secret {
  readonly label: string;
  readonly value: string;
}

export type RefusedReason =
  | 'no_secret'
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_outdated'
  | 'signature_mismatch';

/** The outcome of a verification. A reason is for the log: the sender learns only that it was refused. */
export type Verification =
  | { readonly ok: true; readonly label: string }
  | { readonly ok: false; readonly reason: RefusedReason };

/**
 * What one forge's webhooks look like. Pure: no I/O, no clock, no state. `parse` and `deliveryId` are only called with
 * requests that `verify` accepted.
 */
export interface ForgeWebhook {
  /** The path segment below `/webhook/` and the `source` of its deliveries. */
  readonly id: string;
  verify(request: WebhookRequest, secrets: readonly Secret[]): Verification;
  /** Name of the event as the forge calls it; `unknown` when it is missing or not a name. */
  eventName(request: WebhookRequest): string;
  /** `stable`: the forge sends the same id when it sends the delivery again. Otherwise it is made from the body. */
  deliveryId(request: WebhookRequest): { readonly id: string; readonly stable: boolean };
  /** At least one event. Never throws: what can't be read is `malformed`, what is not for us is `ignored`. */
  parse(request: WebhookRequest): readonly ForgeEvent[];
}

export interface Repository {
  /** Host of the forge (`github.com`); null when the payload names no address of one. */
  readonly host: string | null;
  /** The forge's id, which survives renames; null when the payload has none. */
  readonly id: string | null;
  /** `owner/name` */
  readonly fullName: string;
  /** Addresses to clone from, https first. */
  readonly cloneUrls: readonly string[];
}

export interface HeadCommit {
  readonly sha: string;
  readonly message: string;
  readonly author: string;
  /** Epoch milliseconds; null when the payload's time can't be read. */
  readonly at: number | null;
}

interface RefChange {
  readonly repository: Repository;
  /** Full name: `refs/heads/main`, `refs/tags/v1`. Checked to be safe as an argument to git. */
  readonly ref: string;
  /** Commit the ref pointed at; null when it did not exist. */
  readonly before: string | null;
  /** Commit (or annotated tag) the ref points at now; null when it was deleted or the payload does not tell. */
  readonly after: string | null;
  /** Login of who did it, as the forge knows them. */
  readonly actor: string;
  readonly headCommit: HeadCommit | null;
  readonly deleted: boolean;
  readonly forced: boolean;
}

/** A branch moved. */
export interface PushEvent extends RefChange {
  readonly kind: 'push';
  readonly branch: string;
}

/**
 * A tag was made, moved or deleted. GitHub tells of a new tag twice, as `push` and as `create`, when a hook subscribes to
 * both; the latter has no commit (`after` is null). Whoever admits it keeps one run per repository and tag.
 */
export interface TagEvent extends RefChange {
  readonly kind: 'tag';
  readonly tag: string;
}

export type PingWarningCode = 'missing_event' | 'form_content_type' | 'tls_verification_off' | 'hook_inactive';

/** The forge checks the hook. Warnings name settings of it that will hurt. */
export interface PingEvent {
  readonly kind: 'ping';
  readonly warnings: readonly { readonly code: PingWarningCode; readonly message: string }[];
}

/** Authentic and understood, but nothing to do. */
export interface IgnoredEvent {
  readonly kind: 'ignored';
  readonly reason: 'event_not_handled' | 'payload_mismatch' | 'unsupported_ref' | 'invalid_ref' | 'not_a_tag';
}

/** Authentic, but not a delivery of this forge. */
export interface MalformedEvent {
  readonly kind: 'malformed';
  readonly reason: 'header_missing' | 'header_invalid' | 'not_utf8' | 'not_json' | 'not_an_object';
}

export type ForgeEvent = PushEvent | TagEvent | PingEvent | IgnoredEvent | MalformedEvent;
