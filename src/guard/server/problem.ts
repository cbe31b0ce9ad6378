import type { Language } from '../../kernel/index.ts';

/** Why a request is no review that can be decided on. */
export const PROBLEMS = {
  path: {
    status: 404,
    en: 'There is only POST /validate here.',
    ja: 'ここにあるのは POST /validate のみです。',
  },
  method: {
    status: 405,
    en: 'Reviews are sent with POST.',
    ja: 'レビューは POST で送信してください。',
  },
  media_type: {
    status: 415,
    en: 'The body has to be application/json.',
    ja: '本文は application/json でなければなりません。',
  },
  encoding: {
    status: 415,
    en: 'The body has to be sent without a Content-Encoding.',
    ja: '本文は Content-Encoding なしで送信してください。',
  },
  too_large: {
    status: 413,
    en: 'The body is larger than the limit of the guard.',
    ja: '本文がガードの上限より大きいです。',
  },
  too_slow: {
    status: 408,
    en: 'The request did not arrive in time.',
    ja: 'リクエストが時間内に届きませんでした。',
  },
  too_deep: {
    status: 400,
    en: 'The body is nested deeper than any object of Kubernetes.',
    ja: '本文の入れ子が Kubernetes のどのオブジェクトよりも深いです。',
  },
  bad_http: {
    status: 400,
    en: 'The request is not HTTP that can be read.',
    ja: 'HTTP として読み取れないリクエストです。',
  },
  bad_json: {
    status: 400,
    en: 'The body is not JSON.',
    ja: '本文が JSON ではありません。',
  },
  unexpected: {
    status: 500,
    en: 'The guard failed on this request.',
    ja: 'ガードがこのリクエストの処理に失敗しました。',
  },
} as const satisfies Readonly<Record<string, { readonly status: number } & Readonly<Record<Language, string>>>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** The body of an answer to something that is no review. `id` leads to the log. */
export function problemText(code: string, message: string, id?: string): string {
  return JSON.stringify(id === undefined ? { code, message } : { code, message, id });
}
