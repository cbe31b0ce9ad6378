import type { ForgeHooks, Hook, HookDelivery, RepositoryKey } from '../../api-port.ts';
import { reasonOf, statusOf } from '../../api/failure.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { readPages } from '../../api/pages.ts';
import { pageOf } from './answers.ts';
import type { GithubClient, Place } from './client.ts';

/** What Funade wants to hear of. */
const EVENTS = ['push', 'create', 'release', 'issues', 'pull_request', 'issue_comment'] as const;

interface HookAnswer {
  readonly id: number | bigint;
  readonly active: boolean;
  readonly events: readonly string[];
  readonly config: {
    readonly url?: string | undefined;
    readonly content_type?: string | undefined;
    readonly insecure_ssl?: string | number | undefined;
  };
  readonly last_response?: { readonly code?: number | null; readonly message?: string | null };
}

export function managesHooks(client: GithubClient): ForgeHooks {
  return {
    list: (repository) =>
      client.inRepository(repository, `list the webhooks of ${repository.fullName}`, async (place) =>
        (await listHooks(client, place)).map(readHook),
      ),
    ensure: (repository, wanted) =>
      client.inRepository(repository, `install a webhook in ${repository.fullName}`, (place) =>
        ensure(client, place, wanted),
      ),
    failedDeliveries: (repository, hookId, since) => failedDeliveries(client, repository, hookId, since),
    redeliver: (repository, { hookId, id }) =>
      client.inRepository(repository, `ask for the delivery ${id} of ${repository.fullName} again`, async (place) => {
        await place.octokit.request('POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts', {
          ...place.at,
          // Ids of deliveries can be longer than a number holds.
          hook_id: hookId as unknown as number,
          delivery_id: id as unknown as number,
        });
      }),
  };
}

async function listHooks(client: GithubClient, { octokit, at, fullName }: Place): Promise<readonly HookAnswer[]> {
  return readPages<HookAnswer>(
    async (page) => {
      const answer = await octokit.rest.repos.listWebhooks({ ...at, per_page: PER_PAGE, page });
      return pageOf(answer, answer.data);
    },
    client.bounds(`list the webhooks of ${fullName}`),
  );
}

function readHook({ id, active, events, config, last_response: last }: HookAnswer): Hook {
  const hears = (event: string) => events.includes('*') || events.includes(event);
  const troubles = [
    active ? null : 'hook_inactive',
    EVENTS.every(hears) ? null : 'missing_event',
    config.content_type === 'json' ? null : 'form_content_type',
    String(config.insecure_ssl ?? '0') === '0' ? null : 'tls_verification_off',
    last?.code != null && (last.code < 200 || last.code >= 300) ? `last_status=${last.code}` : null,
  ];
  return {
    id: String(id),
    url: config.url ?? '',
    active,
    events,
    troubles: troubles.filter((trouble) => trouble !== null),
  };
}

async function ensure(
  client: GithubClient,
  place: Place,
  wanted: { readonly url: string; readonly secret: string },
): Promise<{ readonly hook: Hook; readonly done: 'created' | 'updated' }> {
  const find = async () => (await listHooks(client, place)).find(({ config }) => config.url === wanted.url);
  const existing = await find();
  if (existing !== undefined) return { hook: await update(place, existing, wanted), done: 'updated' };
  try {
    const { data } = await place.octokit.rest.repos.createWebhook({
      ...place.at,
      name: 'web',
      active: true,
      events: [...EVENTS],
      config: configOf(wanted),
    });
    return { hook: readHook(data), done: 'created' };
  } catch (error) {
    if (statusOf(error) !== 422 || !/already exists/i.test(reasonOf(error))) throw error;
    const winner = await find();
    if (winner === undefined) throw error;
    return { hook: await update(place, winner, wanted), done: 'updated' };
  }
}

/** GitHub never shows a secret, so it can't be compared: it is set each time. Other events that somebody chose stay. */
async function update(
  { octokit, at }: Place,
  hook: HookAnswer,
  wanted: { readonly url: string; readonly secret: string },
): Promise<Hook> {
  const events = hook.events.includes('*') ? [...hook.events] : [...new Set([...hook.events, ...EVENTS])];
  const { data } = await octokit.rest.repos.updateWebhook({
    ...at,
    hook_id: Number(hook.id),
    active: true,
    events,
    config: configOf(wanted),
  });
  return readHook(data);
}

function configOf({ url, secret }: { readonly url: string; readonly secret: string }) {
  return { url, content_type: 'json', insecure_ssl: '0', secret };
}

interface DeliveryAnswer {
  readonly id: number | bigint;
  readonly guid: string;
  readonly delivered_at: string;
  readonly status_code: number;
  readonly event: string;
}

function failedDeliveries(
  client: GithubClient,
  repository: RepositoryKey,
  hookId: string,
  since: number,
): Promise<readonly HookDelivery[]> {
  const act = `list the webhook deliveries of ${repository.fullName}`;
  return client.inRepository(repository, act, async ({ octokit, at }) => {
    let cursor: string | undefined;
    // Newest first, and so the first one of a guid is its newest.
    const answers = await readPages<DeliveryAnswer>(async () => {
      const answer = await octokit.rest.repos.listWebhookDeliveries({
        ...at,
        hook_id: Number(hookId),
        per_page: PER_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      cursor = nextCursor(answer.headers.link);
      const items = answer.data.filter(({ delivered_at: deliveredAt }) => Date.parse(deliveredAt) >= since);
      return { ...pageOf(answer, items), more: cursor !== undefined && items.length === answer.data.length };
    }, client.bounds(act));
    return lastFailures(answers, hookId);
  });
}

function nextCursor(link: string | undefined): string | undefined {
  const next = /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  if (next === undefined || !URL.canParse(next)) return undefined;
  return new URL(next).searchParams.get('cursor') ?? undefined;
}

function lastFailures(newestFirst: readonly DeliveryAnswer[], hookId: string): readonly HookDelivery[] {
  const isSuccess = ({ status_code: status }: DeliveryAnswer) => status >= 200 && status < 300;
  const arrived = new Set(newestFirst.filter(isSuccess).map(({ guid }) => guid));
  const failures = new Map<string, DeliveryAnswer>();
  for (const delivery of newestFirst) {
    if (!arrived.has(delivery.guid) && !failures.has(delivery.guid)) failures.set(delivery.guid, delivery);
  }
  return [...failures.values()].map((delivery) => ({
    id: String(delivery.id),
    guid: delivery.guid,
    hookId,
    event: delivery.event,
    status: delivery.status_code,
    at: Date.parse(delivery.delivered_at),
  }));
}
