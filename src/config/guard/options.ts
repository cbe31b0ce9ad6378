import type { GuardOption } from './option.ts';
import { clusterOptions } from './options/cluster.ts';
import { processOptions } from './options/process.ts';
import { ruleOptions } from './options/rules.ts';
import { serverOptions } from './options/server.ts';

/** Every setting of the guard: the single source of reading, of `guard config` and of the reference. */
export const guardOptions = [
  ...processOptions,
  ...ruleOptions,
  ...serverOptions,
  ...clusterOptions,
] as const satisfies readonly GuardOption[];

export type GuardOptionName = (typeof guardOptions)[number]['name'];
export type KnownGuardOption = GuardOption & { readonly name: GuardOptionName };
