import type { SettingOption } from '../server/option.ts';
import type { GuardProfile } from './model.ts';

export interface GuardOption extends SettingOption {
  /** Defaults that the profile chooses; then `default` is `null`. */
  readonly profiles?: Readonly<Record<GuardProfile, string | number>>;
  /** A value as YAML, for the example file, where there is no default. */
  readonly example?: string;
}

type Rest = Pick<GuardOption, 'kind' | 'doc'> & Partial<Omit<GuardOption, 'name'>>;

/** An option whose variable is named as its path: `server.bodyLimit` is `GUARD_SERVER_BODY_LIMIT`. */
export function option<const Name extends string>(name: Name, rest: Rest): GuardOption & { readonly name: Name } {
  return { name, env: variableOf(name), flags: [], default: null, inFile: true, ...rest };
}

function variableOf(name: string): string {
  const words = name.replaceAll('.', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return `GUARD_${words.toUpperCase()}`;
}
