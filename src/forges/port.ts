/** A webhook request as it arrived. Header names are lower case; the body is the exact bytes that were signed. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** Epoch milliseconds, for signatures that carry a time. */
  readonly now: number;
}

/**
 * One of the secrets that are valid now. The label may be logged and stored, the value never. `signing`: the key of Standard
 * Webhooks signatures (`whsec_…`); any other is what the forge itself calls the hook's secret or token.
 */
export interface Secret {
  readonly label: string;
  readonly value: string;
  readonly kind?: 'signing';
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
  /** Two labels are the same where their keys are: GitHub does not tell upper from lower case, GitLab does. */
  labelKey(label: string): string;
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

/** Who did something on a forge. */
export interface Actor {
  /** Login as the forge shows it. */
  readonly login: string;
  /** The forge's id, which survives renames; null when a payload has none. */
  readonly id: string | null;
  readonly isBot: boolean;
}

/** `change`: a pull or merge request. */
export type SubjectKind = 'issue' | 'change';

/** An issue or change as a payload or the API shows it. Title and labels are text of others: data, never instruction. */
export interface Subject {
  readonly kind: SubjectKind;
  /** What people call it: GitHub's `number`, GitLab's `iid`. */
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly open: boolean;
  readonly author: Actor;
  readonly labels: readonly string[];
  readonly assignees: readonly Actor[];
}

interface SubjectEvent {
  readonly repository: Repository;
  readonly subject: Subject;
  readonly actor: Actor;
  /** When the forge did it, by its own clock (epoch milliseconds); null when the payload does not tell. */
  readonly at: number | null;
}

/** Labels were put on a subject that existed before. */
export interface LabelAddedEvent extends SubjectEvent {
  readonly kind: 'label_added';
  /** Only the ones that were added now; at least one. */
  readonly added: readonly string[];
}

/** A subject was made, or opened again, with the labels that it has. */
export interface OpenedEvent extends SubjectEvent {
  readonly kind: 'opened';
  readonly again: boolean;
}

/** A subject was closed; `merged` only for changes. */
export interface ClosedEvent extends SubjectEvent {
  readonly kind: 'closed';
  readonly merged: boolean;
}

/** Somebody was made, or is no longer, responsible for a subject. */
export interface AssignmentEvent extends SubjectEvent {
  readonly kind: 'assigned' | 'unassigned';
  readonly assignee: Actor;
}

/** A comment was written or edited. */
export interface CommentEvent extends SubjectEvent {
  readonly kind: 'comment';
  readonly comment: { readonly id: string; readonly body: string; readonly edited: boolean };
}

/** The forge checks the hook. Warnings name settings of it that will hurt. */
export interface PingEvent {
  readonly kind: 'ping';
  readonly warnings: readonly { readonly code: PingWarningCode; readonly message: string }[];
}

/** Authentic and understood, but nothing to do. */
export interface IgnoredEvent {
  readonly kind: 'ignored';
  readonly reason:
    | 'event_not_handled'
    | 'action_not_handled'
    | 'missing_action'
    | 'payload_mismatch'
    | 'unsupported_ref'
    | 'invalid_ref'
    | 'not_a_tag'
    | 'release_not_published'
    /** Subjects that are not on a repository's public list: confidential issues, work items. */
    | 'confidential_subject'
    | 'label_removed'
    /** The labels did not change, or none was added. */
    | 'label_not_added'
    /** A note of the forge itself, not of a person. */
    | 'system_note';
}

/** Authentic, but not a delivery of this forge. */
export interface MalformedEvent {
  readonly kind: 'malformed';
  readonly reason: 'header_missing' | 'header_invalid' | 'not_utf8' | 'not_json' | 'not_an_object';
}

/** What can start, steer or end an agent task. */
export type TaskEvent = LabelAddedEvent | OpenedEvent | ClosedEvent | AssignmentEvent | CommentEvent;

export type ForgeEvent = PushEvent | TagEvent | TaskEvent | PingEvent | IgnoredEvent | MalformedEvent;
