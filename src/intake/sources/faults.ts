import type { Secret } from '../../forges/index.ts';
import { type Fault, FunadeError, hideUserinfo } from '../../kernel/index.ts';
import { faultOfSecret } from '../settings.ts';
import type { KnownSource } from './directory.ts';
import type { NewSource } from './port.ts';

/** Throws FUN_SOURCE_INVALID when there are faults. */
export function refuseFaults(faults: readonly Fault[]): void {
  if (faults.length > 0) throw new FunadeError('FUN_SOURCE_INVALID', { count: faults.length }, { faults });
}

/** What keeps a source from being added, or `known` from being added to. */
export function faultsOfNew(wanted: NewSource, known: KnownSource | undefined): readonly Fault[] {
  const forge = known?.forge ?? wanted.forge;
  return [
    ...(forge === undefined
      ? [{ path: 'forge', message: 'a new source needs a forge', fix: 'Name it: --forge github or --forge gitlab.' }]
      : []),
    ...(known === undefined ? [] : contradictions(wanted, known)),
    ...(wanted.signingToken !== undefined && forge === 'github'
      ? [
          {
            path: 'signingToken',
            message: 'GitHub has no signing tokens',
            fix: 'Leave it out: GitHub signs with the secret.',
          },
        ]
      : []),
    ...(wanted.apiUrl === undefined ? [] : faultOfAddress('apiUrl', wanted.apiUrl)),
    ...faultOf('secret', wanted.secret),
    ...faultOf('signingToken', wanted.signingToken, 'signing'),
    ...faultOf('token', wanted.token),
    ...(forge === 'github' ? wanted.repositories.filter(isTooDeep).map(tooDeep) : []),
  ];
}

function contradictions(wanted: NewSource, known: KnownSource): readonly Fault[] {
  const { name, origin } = known;
  const faults: Fault[] = [];
  if (wanted.forge !== undefined && wanted.forge !== known.forge) {
    faults.push({
      path: 'forge',
      message: `the source ${name} is of ${known.forge}`,
      fix: 'Choose another name for the new source.',
    });
  }
  if (wanted.apiUrl !== undefined && withoutSlash(wanted.apiUrl) !== withoutSlash(known.apiUrl)) {
    const fix =
      origin === 'config'
        ? `Set \`${name}.apiUrl\`, or choose another name.`
        : 'Choose another name for the new source.';
    faults.push({ path: 'apiUrl', message: `the source ${name} is at ${hideUserinfo(known.apiUrl)}`, fix });
  }
  const isConfigured = origin === 'config' && known.credentials !== null && !known.hasAddedToken;
  if (wanted.token !== undefined && isConfigured) {
    const fix = `Change \`${name}.token\`, or take it out of the configuration first.`;
    faults.push({ path: 'token', message: `the source ${name} has its token or App from the configuration`, fix });
  }
  return faults;
}

/** Addresses are stored and shown: what may be a password has no place in them. The fault shows nothing of it. */
export function faultOfAddress(path: 'apiUrl' | 'url', address: string): readonly Fault[] {
  const { username, password, href } = new URL(address);
  const parts = [
    ...(username === '' && password === '' ? [] : ['a user or password']),
    ...(href.includes('?') ? ['a query'] : []),
    ...(href.includes('#') ? ['a fragment'] : []),
  ];
  if (parts.length === 0) return [];
  const fix =
    path === 'apiUrl'
      ? 'Give the bare address, and the token on its own: --token-stdin.'
      : 'Give the bare address: the hook authenticates with its secret.';
  return [{ path, message: `it has ${parts.join(' and ')}`, fix }];
}

/** What keeps a secret from being used; the fault never shows it. */
export function faultOf(path: string, value: string | undefined, kind?: Secret['kind']): readonly Fault[] {
  if (value === undefined) return [];
  const reason = faultOfSecret({ value, ...(kind === undefined ? {} : { kind }) });
  return reason === undefined ? [] : [{ path, message: reason, fix: 'Give a random text of at least 16 characters.' }];
}

function isTooDeep(repository: string): boolean {
  return repository.split('/').length !== 2;
}

function tooDeep(repository: string): Fault {
  return { path: 'repositories', message: `${repository} is no repository of GitHub`, fix: 'Name it as `owner/name`.' };
}

/** What keeps these secrets from being removed; `added` is one that will be valid then. */
export function faultsOfRemoval(
  source: KnownSource,
  labels: readonly string[],
  added: string | null,
): readonly Fault[] {
  const removable = new Set([...source.added, ...source.unreadable].map(({ label }) => label));
  const faults = labels
    .filter((label) => !removable.has(label))
    .map((label): Fault => {
      const configured = source.secrets.find((secret) => secret.label === label);
      if (configured === undefined) {
        const known = [...removable].join(', ') || 'none';
        return {
          path: 'remove',
          message: `there is no secret ${label}`,
          fix: `Secrets that can be removed: ${known}.`,
        };
      }
      const fix = `Change ${settingOf(source, configured)} and start the server again.`;
      return { path: 'remove', message: `the secret ${label} comes from the configuration`, fix };
    });
  const left = source.secrets.filter(({ label }) => !labels.includes(label));
  if (left.length > 0 || added !== null || faults.length > 0) return faults;
  const fix = `Add another one first: funade source rotate ${source.name}.`;
  return [{ path: 'remove', message: 'no secret would be left, and every delivery be refused', fix }];
}

/** The setting that a configured secret comes from. */
function settingOf(source: KnownSource, { kind }: Pick<Secret, 'kind'>): string {
  if (source.forge === 'github') return '`github.secrets` (GITHUB_WEBHOOK_SECRET)';
  return kind === 'signing'
    ? '`gitlab.signingTokens` (GITLAB_WEBHOOK_SIGNING_TOKEN)'
    : '`gitlab.tokens` (GITLAB_WEBHOOK_TOKEN)';
}

export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
