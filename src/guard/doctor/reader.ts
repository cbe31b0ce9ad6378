import type { JsonObject } from '../review/review.ts';

/** What a question to the API server brought. */
export type Read =
  | { readonly kind: 'found'; readonly value: JsonObject }
  | { readonly kind: 'absent' }
  | { readonly kind: 'forbidden'; readonly detail: string }
  /** `kubectl` is missing, the cluster does not answer, or it answers something else. */
  | { readonly kind: 'failed'; readonly detail: string };

/** The cluster as the doctor asks it, with the rights of the person who runs it. */
export interface ClusterReader {
  get(path: string): Promise<Read>;
  /** Sends an object that is answered and not stored, such as a `SubjectAccessReview`. */
  ask(path: string, body: JsonObject): Promise<Read>;
}
