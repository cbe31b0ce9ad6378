/** What is remembered of a repository between looks, beside its refs; kept in `source_repositories.etags`. */
export interface Memory {
  readonly labels?: LabelMemory | undefined;
  readonly refs?: RefMemory | undefined;
  /** By the guid of a delivery: how often, and which try of it last, the forge was asked to send again. */
  readonly redelivered?: Readonly<Record<string, Redelivered>> | undefined;
  /** The forge takes no requests of the account before (epoch ms). */
  readonly limitedUntil?: number | undefined;
  /** Parts of the last look that failed. */
  readonly troubled?: readonly LookPart[] | undefined;
}

/** What is asked in a look, each whatever becomes of the others. */
export type LookPart = 'labels' | 'refs' | 'redelivery';

export interface LabelMemory {
  /** Another label is another list. */
  readonly label: string;
  readonly etag: string | null;
  /** Subjects that had the label at the last look, by kind and number. */
  readonly seen: Readonly<Record<string, SeenSubject>>;
  /** Subjects that left the list, so that one that comes back with the same act of labelling is known to be open again. */
  readonly gone?: Readonly<Record<string, GoneSubject>> | undefined;
}

export interface SeenSubject {
  /** Its `updatedAt` then: while it is the same, nobody has put the label on anew. Null: it has to be asked again. */
  readonly at: number | null;
  /** Which act of labelling it was: the forge's id, or `unknown-` and a time where the forge does not know. */
  readonly act: string;
  /** It came back to the list with that act; by then (epoch ms) it had left it. */
  readonly back?: number | undefined;
}

export interface GoneSubject {
  readonly act: string;
  /** When a look missed it first (epoch ms). */
  readonly at: number;
}

export interface RefMemory {
  /** Whom the refs were asked of: what one leaves out must not be new to the other. */
  readonly by: 'api' | 'git';
  readonly etag: string | null;
  /**
   * Counts the looks that found refs changed, from the time of the first (epoch seconds): the same commit found once more,
   * later, is another finding.
   */
  readonly round: number;
}

export interface Redelivered {
  readonly times: number;
  /** Id of the try that was asked for; once that was tried, and failed again, the forge shows another. */
  readonly last: string;
  /** When it was asked for (epoch ms). */
  readonly at: number;
}
