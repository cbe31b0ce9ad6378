import { BlockList } from 'node:net';
import { type Clock, type Logger, hideUserinfo, messageOf } from '../kernel/index.ts';
import { addCidr, isListed } from './client-address.ts';

const HOUR = 3_600_000;
const RETRY = 60_000;
const WITHIN_MS = 5000;
/** GitHub's own answer has about 150 KiB. */
const MOST_BYTES = 1024 * 1024;

/** Where GitHub delivers from, as its API names it. */
export interface GithubAddresses {
  /** `unknown`: the list could never be read, so nobody can be let in. */
  judge(apiUrl: string, client: string): Promise<'allowed' | 'refused' | 'unknown'>;
}

interface List {
  addresses: BlockList | null;
  etag: string | null;
  /** When it was last asked for, and when its state was last confirmed; epoch milliseconds. */
  askedAt: number;
  readAt: number;
  asking: Promise<void> | null;
  /** It was logged that the API tells no such addresses, as those of some GitHub Enterprise Servers do. */
  isToldOfNone: boolean;
}

class NamesNoHooks extends Error {}

/**
 * Reads `GET {apiUrl}/meta` when the first request needs it, and again after an hour. An old list goes on letting in who is on it
 * while a new one is asked for; whoever is not on it waits for the new one. A list that can't be read again stays in use.
 */
export function createGithubAddresses(options: { readonly clock: Clock; readonly logger: Logger }): GithubAddresses {
  const { clock, logger } = options;
  const lists = new Map<string, List>();

  function listOf(apiUrl: string): List {
    const known = lists.get(apiUrl);
    if (known !== undefined) return known;
    const list: List = {
      addresses: null,
      etag: null,
      askedAt: -Infinity,
      readAt: -Infinity,
      asking: null,
      isToldOfNone: false,
    };
    lists.set(apiUrl, list);
    return list;
  }

  function ask(apiUrl: string, list: List): Promise<void> {
    if (list.asking !== null) return list.asking;
    if (clock.now() - list.askedAt < RETRY) return Promise.resolve();
    list.askedAt = clock.now();
    list.asking = readInto(list, apiUrl)
      .then(() => {
        list.readAt = clock.now();
      })
      .catch((thrown: unknown) => {
        const fields = { apiUrl: hideUserinfo(apiUrl), reason: hideUserinfo(messageOf(thrown)) };
        if (list.addresses === null && thrown instanceof NamesNoHooks) {
          if (list.isToldOfNone) return;
          list.isToldOfNone = true;
          logger.error(
            fields,
            'This API does not tell where GitHub delivers from, so `webhook.githubAddressesOnly` refuses all its deliveries: turn it off.',
          );
        } else if (list.addresses === null) {
          logger.error(
            fields,
            'Failed to read the addresses that GitHub delivers from; its deliveries are refused until then.',
          );
        } else {
          logger.warn(
            fields,
            'Failed to read the addresses that GitHub delivers from again; the list of before stays in use.',
          );
        }
      })
      .finally(() => {
        list.asking = null;
      });
    return list.asking;
  }

  return {
    judge: async (apiUrl, client) => {
      const list = listOf(apiUrl);
      const asking = clock.now() - list.readAt < HOUR ? undefined : ask(apiUrl, list);
      if (list.addresses !== null && isListed(client, list.addresses)) return 'allowed';
      await asking;
      if (list.addresses === null) return 'unknown';
      return isListed(client, list.addresses) ? 'allowed' : 'refused';
    },
  };
}

async function readInto(list: List, apiUrl: string): Promise<void> {
  const response = await fetch(`${apiUrl.replace(/\/+$/, '')}/meta`, {
    headers: {
      accept: 'application/vnd.github+json',
      'user-agent': 'funade',
      ...(list.etag === null ? {} : { 'if-none-match': list.etag }),
    },
    redirect: 'manual', // another host must not say whom this server lets in
    signal: AbortSignal.timeout(WITHIN_MS),
  });
  if (response.status === 304 && list.addresses !== null) {
    await response.body?.cancel();
    return;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const hooks = hooksOf(await readBounded(response));
  if (!Array.isArray(hooks) || hooks.length === 0) throw new Error('its answer names no addresses of hooks');
  const addresses = new BlockList();
  for (const cidr of hooks) {
    if (typeof cidr !== 'string' || !addCidr(addresses, cidr))
      throw new Error('its answer has something else than networks');
  }
  list.addresses = addresses;
  list.etag = response.headers.get('etag');
}

function hooksOf(text: string): unknown {
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== 'object' || answer === null) throw new Error('its answer is no object');
  if (!('hooks' in answer)) throw new NamesNoHooks('its answer has no `hooks`');
  return answer.hooks;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new Error(`its answer is longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
