import { randomBytes } from 'node:crypto';
import type { Secret } from '../../forges/index.ts';
import type { OpenedSecret, SecretStore } from '../../store/index.ts';

/** A secret of the store, with the time it was set (epoch milliseconds). */
export interface AddedSecret extends Secret {
  readonly since: number;
}

/** What was added to a source and is secret. */
export interface Vault {
  /** The newest first. */
  readonly secrets: readonly AddedSecret[];
  readonly token: string | null;
  /** Labels of secrets that are stored and can't be decrypted, and whether the token is such a one. */
  readonly unreadable: readonly { readonly kind: SecretKind; readonly label: string }[];
  readonly isTokenUnreadable: boolean;
}

export type SecretKind = 'secret' | 'signing';

const TOKEN = 'TOKEN';
const PREFIXES = { secret: 'WEBHOOK_', signing: 'SIGNING_' } as const;

/** No application has such a name, so that nobody reaches these secrets through those of applications. */
function ownerOf(source: string): string {
  return `source/${source}`;
}

/** What was added to these sources, by their names, in one query. */
export async function readVaults(
  store: Pick<SecretStore, 'openAll'>,
  sources: readonly string[],
): Promise<ReadonlyMap<string, Vault>> {
  const opened = await store.openAll(sources.map(ownerOf));
  return new Map(
    sources.map((source) => [source, vaultOf(opened.filter(({ app }) => app === ownerOf(source)))] as const),
  );
}

function vaultOf(opened: readonly OpenedSecret[]): Vault {
  const token = opened.find(({ name }) => name === TOKEN);
  const secrets = opened.flatMap(({ name, value, setAt }) => {
    const kind = kindOfName(name);
    return kind === null ? [] : [{ kind, label: name.slice(PREFIXES[kind].length), value, since: setAt }];
  });
  return {
    secrets: secrets
      .flatMap(({ kind, value, ...secret }): readonly AddedSecret[] => {
        if (value === null) return [];
        return [{ ...secret, value, ...(kind === 'signing' ? { kind } : {}) }];
      })
      .toSorted((left, right) => right.since - left.since),
    token: token?.value ?? null,
    unreadable: secrets.filter(({ value }) => value === null).map(({ kind, label }) => ({ kind, label })),
    isTokenUnreadable: token !== undefined && token.value === null,
  };
}

function kindOfName(name: string): SecretKind | null {
  if (name.startsWith(PREFIXES.signing)) return 'signing';
  return name.startsWith(PREFIXES.secret) ? 'secret' : null;
}

export async function addSecret(
  store: SecretStore,
  source: string,
  secret: { readonly kind: SecretKind; readonly label: string; readonly value: string; readonly by: string },
): Promise<void> {
  const { kind, label, value, by } = secret;
  await store.set({ app: ownerOf(source), environment: null, name: PREFIXES[kind] + label, value, by });
}

export async function setToken(store: SecretStore, source: string, token: string, by: string): Promise<void> {
  await store.set({ app: ownerOf(source), environment: null, name: TOKEN, value: token, by });
}

export async function removeSecret(
  store: SecretStore,
  source: string,
  secret: { readonly kind: SecretKind; readonly label: string; readonly by: string },
): Promise<void> {
  const name = PREFIXES[secret.kind] + secret.label;
  await store.remove({ app: ownerOf(source), environment: null, name, by: secret.by });
}

/** Everything of a source, its token too. */
export async function emptyVault(store: SecretStore, source: string, by: string): Promise<void> {
  const app = ownerOf(source);
  for (const { name, environment } of await store.list({ app })) await store.remove({ app, environment, name, by });
}

/** `20260131-3fa9`: the day, and enough chance that two of a day differ whoever makes them. */
export function newLabel(now: number): string {
  return `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(2).toString('hex')}`;
}

/** 32 random bytes in the form that the kind has. */
export function newValue(kind: SecretKind): string {
  const bytes = randomBytes(32);
  return kind === 'signing' ? `whsec_${bytes.toString('base64')}` : bytes.toString('hex');
}
