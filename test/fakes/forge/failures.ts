import type { FakeAnswer, FakeRequest } from './server.ts';

/** How the next requests go wrong. */
export interface Failure {
  /** Only requests whose `METHOD /path` this fits; all when it is not given. */
  readonly match?: RegExp;
  /** How many; 1. */
  readonly times?: number;
  /** How many of them go well before; 0. */
  readonly skip?: number;
  /** An answer with this status instead of the real one … */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In place of a body of JSON. */
  readonly text?: string;
  /** … or: no answer ever, or the connection closed; before the work is done, or after it. */
  readonly how?: 'hang' | 'hang after' | 'drop' | 'drop after';
}

type Taken =
  | { readonly how: 'answer'; readonly answer: FakeAnswer }
  | { readonly how: Exclude<Failure['how'], undefined> };

export interface Failures {
  /** Answers what ends it. */
  add(failure: Failure): () => void;
  /** The failure that this request is to have. */
  take(request: FakeRequest): Taken | undefined;
}

export function createFailures(): Failures {
  const pending: { readonly failure: Failure; skip: number; left: number }[] = [];
  return {
    add: (failure) => {
      const added = { failure, skip: failure.skip ?? 0, left: failure.times ?? 1 };
      pending.push(added);
      return () => {
        added.left = 0;
      };
    },
    take: ({ method, path }) => {
      const fits = ({ failure, left }: (typeof pending)[number]) =>
        left > 0 && (failure.match === undefined || failure.match.test(`${method} ${path}`));
      const next = pending.find(fits);
      if (next === undefined) return undefined;
      if (next.skip > 0) {
        next.skip -= 1;
        return undefined;
      }
      next.left -= 1;
      const { how, status = 500, headers = {}, body = { message: 'injected' }, text } = next.failure;
      return how === undefined
        ? { how: 'answer', answer: { status, headers, body, ...(text === undefined ? {} : { text }) } }
        : { how };
    },
  };
}
