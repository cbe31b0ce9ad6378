import type { FakeAnswer, FakeRequest } from './server.ts';

/** How the next requests go wrong. */
export interface Failure {
  /** Only requests whose `METHOD /path` this fits; all when it is not given. */
  readonly match?: RegExp;
  /** How many; 1. */
  readonly times?: number;
  /** An answer with this status instead of the real one … */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In place of a body of JSON. */
  readonly text?: string;
  /** … or: no answer ever, the connection closed before the work is done, or after it. */
  readonly how?: 'hang' | 'drop' | 'drop after';
}

type Taken = { readonly how: 'answer'; readonly answer: FakeAnswer } | { readonly how: 'hang' | 'drop' | 'drop after' };

export interface Failures {
  add(failure: Failure): void;
  /** The failure that this request is to have. */
  take(request: FakeRequest): Taken | undefined;
}

export function createFailures(): Failures {
  const pending: { readonly failure: Failure; left: number }[] = [];
  return {
    add: (failure) => void pending.push({ failure, left: failure.times ?? 1 }),
    take: ({ method, path }) => {
      const fits = ({ failure, left }: (typeof pending)[number]) =>
        left > 0 && (failure.match === undefined || failure.match.test(`${method} ${path}`));
      const next = pending.find(fits);
      if (next === undefined) return undefined;
      next.left -= 1;
      const { how, status = 500, headers = {}, body = { message: 'injected' }, text } = next.failure;
      return how === undefined
        ? { how: 'answer', answer: { status, headers, body, ...(text === undefined ? {} : { text }) } }
        : { how };
    },
  };
}
