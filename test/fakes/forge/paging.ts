import type { FakeAnswer, FakeRequest } from './server.ts';

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly page: number;
  readonly perPage: number;
  readonly pages: number;
  readonly total: number;
}

export function pageOf<T>({ query }: FakeRequest, all: readonly T[]): PageOf<T> {
  const perPage = Math.min(100, Number(query.get('per_page') ?? '30'));
  const page = Number(query.get('page') ?? '1');
  const pages = Math.max(1, Math.ceil(all.length / perPage));
  return { items: all.slice((page - 1) * perPage, page * perPage), page, perPage, pages, total: all.length };
}

/** A page with the `Link` header that both forges send. */
export function linked<T>(
  request: FakeRequest,
  apiUrl: string,
  all: readonly T[],
  show: (item: T) => unknown,
): FakeAnswer & { readonly page: PageOf<T> } {
  const page = pageOf(request, all);
  const to = (number: number, rel: string) => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(number));
    return `<${apiUrl}${request.path}?${query.toString()}>; rel="${rel}"`;
  };
  const links = [
    ...(page.page < page.pages ? [to(page.page + 1, 'next'), to(page.pages, 'last')] : []),
    ...(page.page > 1 ? [to(1, 'first'), to(page.page - 1, 'prev')] : []),
  ];
  return {
    status: 200,
    body: page.items.map(show),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
    page,
  };
}
