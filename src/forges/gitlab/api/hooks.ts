import type { ForgeHooks, Hook } from '../../api-port.ts';
import { PER_PAGE } from '../../api/limits.ts';
import { readPages } from '../../api/pages.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';

/** What Funade wants to hear of, as GitLab names it in answers. */
const EVENTS = [
  'push_events',
  'tag_push_events',
  'issues_events',
  'merge_requests_events',
  'note_events',
  'releases_events',
] as const;

interface HookAnswer extends Readonly<Record<string, unknown>> {
  readonly id: number;
  readonly url: string;
  readonly enable_ssl_verification?: boolean;
  /** `executable`, `disabled` or `temporarily_disabled`. */
  readonly alert_status?: string;
  readonly disabled_until?: string | null;
}

interface WantedHook {
  readonly url: string;
  readonly secret: string;
  readonly signing?: string | null;
}

/** GitLab can't tell which deliveries failed in a way that can be followed, so its hooks have no redelivery. */
export function managesHooks(client: GitlabClient): ForgeHooks {
  return {
    list: (repository) => {
      const act = `list the webhooks of ${repository.fullName}`;
      return client.ask(act, async () => (await listHooks(client, projectOf(repository), act)).map(readHook));
    },
    ensure: (repository, wanted) => {
      const act = `install a webhook in ${repository.fullName}`;
      const project = projectOf(repository);
      return client.ask(act, async (api) => {
        const existing = (await listHooks(client, project, act)).find(({ url }) => url === wanted.url);
        if (existing === undefined) return { hook: await add(api, project, wanted), done: 'created' };
        // GitLab never shows a token, so it can't be compared: it is set each time.
        return { hook: await edit(api, { project, id: existing.id }, wanted), done: 'updated' };
      });
    },
  };
}

function listHooks(client: GitlabClient, project: string, act: string): Promise<readonly HookAnswer[]> {
  return readPages(
    client.page(
      async (api, page) =>
        (await api.hooks.all(project, { perPage: PER_PAGE, page })) as unknown as readonly HookAnswer[],
      (hook) => [hook],
    ),
    client.bounds(act),
  );
}

async function add(api: GitlabApi, project: string, wanted: WantedHook): Promise<Hook> {
  return readHook((await api.hooks.add(project, wanted.url, settingsOf(wanted))) as unknown as HookAnswer);
}

async function edit(
  api: GitlabApi,
  { project, id }: { readonly project: string; readonly id: number },
  wanted: WantedHook,
): Promise<Hook> {
  return readHook((await api.hooks.edit(project, id, wanted.url, settingsOf(wanted))) as unknown as HookAnswer);
}

function settingsOf({ secret, signing }: WantedHook) {
  return {
    pushEvents: true,
    tagPushEvents: true,
    issuesEvents: true,
    mergeRequestsEvents: true,
    noteEvents: true,
    releasesEvents: true,
    enableSslVerification: true,
    token: secret,
    // Known to GitLab 19 and newer; older ones pass over what they do not know.
    ...(signing == null ? {} : { signingToken: signing }),
  };
}

function readHook(answer: HookAnswer): Hook {
  const status = answer.alert_status ?? 'executable';
  const troubles = [
    status === 'executable' ? null : `alert_status=${status}`,
    answer.disabled_until == null ? null : `disabled_until=${answer.disabled_until}`,
    EVENTS.every((event) => answer[event] === true) ? null : 'missing_event',
    answer.enable_ssl_verification === false ? 'tls_verification_off' : null,
  ];
  return {
    id: String(answer.id),
    url: answer.url,
    active: status === 'executable',
    events: Object.keys(answer).filter((name) => name.endsWith('_events') && answer[name] === true),
    troubles: troubles.filter((trouble) => trouble !== null),
  };
}
