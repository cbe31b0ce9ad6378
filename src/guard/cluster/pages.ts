import type { JsonObject } from '../review/review.ts';
import type { ApiClient, CallOptions } from './api-client.ts';
import type { Resource } from './resources.ts';
import { isObject } from './status.ts';
import { ApiTrouble, isApiTrouble } from './trouble.ts';

export interface Listing {
  readonly api: Pick<ApiClient, 'list'>;
  readonly resource: Resource;
  /** `null`: all. */
  readonly namespace: string | null;
  /** Objects of one page. */
  readonly pageSize: number;
  readonly options: CallOptions;
}

/** `null`: an object that can't be taken. */
export type Visit = (object: JsonObject | null) => void;

/**
 * Goes through a list page by page and gives the version of the list. Throws `gone` when it took so long that the server forgot
 * it: what was visited so far is to be thrown away.
 */
export async function listPages(listing: Listing, visit: Visit): Promise<string> {
  let page = await readPage(listing, null, visit);
  const { version } = page;
  while (page.token !== null) page = await readPage(listing, page.token, visit);
  return version;
}

interface Page {
  readonly version: string;
  readonly token: string | null;
}

async function readPage(
  { api, resource, namespace, pageSize, options }: Listing,
  token: string | null,
  visit: Visit,
): Promise<Page> {
  const path = resource.path(namespace);
  const query = new URLSearchParams({ limit: String(pageSize), ...(token === null ? {} : { continue: token }) });
  try {
    return pageOf(await api.list(`${path}?${String(query)}`, { ...options, visit }), resource.name);
  } catch (error) {
    if (isApiTrouble(error, 'not_found')) resource.fallBack(path);
    throw error;
  }
}

function pageOf(envelope: JsonObject, name: string): Page {
  const metadata = isObject(envelope['metadata']) ? envelope['metadata'] : {};
  const { resourceVersion, continue: token } = metadata;
  if (typeof resourceVersion !== 'string') throw new ApiTrouble('malformed', `list ${name}: the answer is no list`);
  return { version: resourceVersion, token: typeof token === 'string' && token !== '' ? token : null };
}
