import type { Environment } from './expand.ts';

/** The variable that tells the language of messages, as POSIX orders them; an empty one counts as unset. */
export function localeIn(env: Environment): { readonly name: string; readonly value: string } | undefined {
  for (const name of ['LC_ALL', 'LC_MESSAGES', 'LANG']) {
    const value = env[name];
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}
