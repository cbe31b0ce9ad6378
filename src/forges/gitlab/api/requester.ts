import type { Issues } from '@gitbeaker/rest';
import type { ApiFetch } from '../../api/fetch.ts';

/** What a resource of Gitbeaker is constructed with. */
export type Wire = ConstructorParameters<typeof Issues<false>>[0];
type Requester = ReturnType<NonNullable<Wire['requesterFn']>>;

export interface WireOptions {
  /** `https://git.example.com/gitlab/api/v4`: Gitbeaker itself only knows hosts. */
  readonly apiUrl: string;
  readonly token: string;
  readonly userAgent: string;
  readonly fetch: ApiFetch;
  /** Further headers, which Gitbeaker's own methods do not take. */
  readonly extra: Readonly<Record<string, string>>;
  /** Sees the headers of each answer, which Gitbeaker's own methods do not give. */
  readonly onAnswer: (headers: Headers) => void;
}

/** Takes the place of the API in what Gitbeaker makes of it, and is taken out again. */
const PLACEHOLDER = 'https://gitlab.invalid';

/** Gitbeaker's resources over our own `fetch`, so that GitLab is throttled and tried again as GitHub is. */
export function requesterOver(options: WireOptions): Wire {
  const requesterFn = ({ url }: { readonly url: string }) => {
    const section = url.slice(`${PLACEHOLDER}/api/v4/`.length);
    const base = section === '' ? options.apiUrl : `${options.apiUrl}/${section}`;
    const sender =
      (method: string) =>
      (endpoint: string, parts: RequestParts = {}) =>
        send(options, method, urlOf(`${base}/${endpoint}`, parts.searchParams), parts.body);
    return {
      get: sender('GET'),
      post: sender('POST'),
      put: sender('PUT'),
      patch: sender('PATCH'),
      delete: sender('DELETE'),
    } as unknown as Requester;
  };
  return { host: PLACEHOLDER, token: options.token, queryTimeout: null, requesterFn };
}

interface RequestParts {
  readonly searchParams?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

async function send(
  { token, userAgent, extra, fetch, onAnswer }: WireOptions,
  method: string,
  url: URL,
  body: RequestParts['body'],
) {
  const hasBody = body !== undefined && method !== 'GET';
  const response = await fetch(url, {
    method,
    headers: {
      'private-token': token,
      'user-agent': userAgent,
      accept: 'application/json',
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...extra,
    },
    body: hasBody ? JSON.stringify(snakeKeys(body)) : null,
  });
  onAnswer(response.headers);
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

function urlOf(address: string, query: RequestParts['searchParams'] = {}): URL {
  const url = new URL(address);
  for (const [name, value] of Object.entries(snakeKeys(query))) url.searchParams.set(name, String(value));
  return url;
}

/** Gitbeaker's options are in camel case, GitLab's in snake case. Members without a value are left out. */
function snakeKeys(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
