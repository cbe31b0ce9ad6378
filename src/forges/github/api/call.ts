/** What every request of Octokit takes beside its own parameters. */
export type CallHeaders = {
  readonly headers: Readonly<Record<string, string>>;
};

const CALL = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' } as const;

/** Of requests as the App itself, which Octokit signs. */
export const appCall: CallHeaders = { headers: CALL };

export function tokenCall(token: string): CallHeaders {
  return { headers: { authorization: `Bearer ${token}`, ...CALL } };
}

/** The same request, only if the answer is not the one that has this tag. */
export function unlessTag<T extends CallHeaders>(call: T, etag: string | null): T {
  return etag === null ? call : { ...call, headers: { ...call.headers, 'if-none-match': etag } };
}
