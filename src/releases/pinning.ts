import { type AppConfig, referencesIn } from '../config/index.ts';
import { FunadeError, isFunadeError, messageOf } from '../kernel/index.ts';
import type { SecretPins, SecretStore } from '../store/index.ts';

/** By environment that refers to any: the versions of secrets that a release stays with, also when it comes back. */
export type ReleaseSecrets = Readonly<Record<string, SecretPins>>;

/**
 * The present versions of the secrets that each environment refers to as `${NAME}`. `FUN_SECRET_MISSING` names everything that is
 * not there, in whichever environment: what production lacks is known before staging gets the release.
 */
export async function pinSecrets(secrets: Pick<SecretStore, 'pin'>, config: AppConfig): Promise<ReleaseSecrets> {
  const pinned: [string, SecretPins][] = [];
  const missing: FunadeError[] = [];
  for (const [environment, { environment: variables }] of Object.entries(config.environments)) {
    const names = referencesIn(Object.values(config.functions), variables);
    if (names.length === 0) continue;
    try {
      pinned.push([environment, await secrets.pin({ app: config.app, environment }, names)]);
    } catch (thrown) {
      if (!isFunadeError(thrown) || thrown.code !== 'FUN_SECRET_MISSING') throw thrown;
      missing.push(thrown);
    }
  }
  if (missing.length > 0) throw together(config.app, missing);
  return Object.fromEntries(pinned);
}

function together(app: string, errors: readonly FunadeError[]): FunadeError {
  const all = (name: string): string =>
    [...new Set(errors.flatMap(({ values }) => String(values[name]).split(', ')))].join(', ');
  const next = new Map(errors.flatMap((error) => error.next.map((each) => [each.command, each] as const)));
  return new FunadeError(
    'FUN_SECRET_MISSING',
    { app, where: all('where'), names: all('names') },
    {
      next: [...next.values()],
    },
  );
}

/** Why the pinned versions can't be used any more; null when they can. */
export async function secretTrouble(
  secrets: Pick<SecretStore, 'resolve'>,
  app: string,
  pins: SecretPins,
): Promise<string | null> {
  try {
    await secrets.resolve(app, pins);
    return null;
  } catch (thrown) {
    if (isFunadeError(thrown)) return messageOf(thrown);
    throw thrown;
  }
}
