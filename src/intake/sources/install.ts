import type { Forge, RepositoryKey } from '../../forges/index.ts';
import { FunadeError, hideUserinfo, messageOf } from '../../kernel/index.ts';
import { faultOfAddress, refuseFaults, withoutSlash } from './faults.ts';
import type { KnownSource } from './directory.ts';
import type { HookInstalled } from './port.ts';
import { webhookPathOf } from './states.ts';

/** What a hook is made with. */
export interface WantedHook {
  readonly url: string;
  readonly secret: string;
  readonly signing: string | null;
}

/** The address and secrets for hooks of a source. Throws FUN_SOURCE_INVALID with everything that is missing. */
export function wantedHook(source: KnownSource, base: string | null): WantedHook {
  const secret = newestOf(source, false);
  const signing = newestOf(source, true);
  refuseFaults([
    ...(base === null
      ? [
          {
            path: 'url',
            message: 'nobody told where the forge reaches this server',
            fix: 'Set `webhook.url`, or give --url.',
          },
        ]
      : faultOfAddress('url', base)),
    ...(secret === null && signing === null
      ? [
          {
            path: 'secret',
            message: 'it has no secret to give to a hook',
            fix: `Make one: funade source rotate ${source.name}.`,
          },
        ]
      : []),
  ]);
  return { url: withoutSlash(base ?? '') + webhookPathOf(source), secret: secret ?? '', signing };
}

/** The one that was added last; else the first of the configuration. */
function newestOf(source: KnownSource, isSigning: boolean): string | null {
  const isWanted = ({ kind }: { readonly kind?: 'signing' }) => (kind === 'signing') === isSigning;
  return (source.added.find(isWanted) ?? source.secrets.find(isWanted))?.value ?? null;
}

/** Makes or mends one hook. A failure is an answer too: the other repositories still get theirs. */
export async function installHook(
  forge: Forge,
  repository: RepositoryKey,
  wanted: WantedHook,
): Promise<{ readonly installed: HookInstalled; readonly hook: { readonly id: string; readonly url: string } | null }> {
  const { fullName } = repository;
  try {
    const { hook, done } = await forge.hooks.ensure(repository, wanted);
    const url = hideUserinfo(hook.url, '');
    const installed = { repository: fullName, url, done, troubles: hook.troubles };
    return { installed, hook: { id: hook.id, url } };
  } catch (thrown) {
    const troubles = [hideUserinfo(messageOf(thrown))];
    return { installed: { repository: fullName, url: wanted.url, done: 'failed', troubles }, hook: null };
  }
}

/** The API of a source. Throws FUN_FORGE_NO_CREDENTIALS. */
export function requireForge(source: KnownSource, forge: Forge | null): Forge {
  if (forge !== null) return forge;
  const setting = source.forge === 'github' ? 'GITHUB_PERSONAL_ACCESS_TOKEN' : 'GITLAB_PERSONAL_ACCESS_TOKEN';
  throw new FunadeError('FUN_FORGE_NO_CREDENTIALS', { forge: source.forge, source: source.name, setting });
}
