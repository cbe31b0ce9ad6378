import type { ServerOption } from './option.ts';
import { agentModelOptions } from './options/agent-model.ts';
import { agentOptions } from './options/agent.ts';
import { cliOptions } from './options/cli.ts';
import { forgeOptions } from './options/forges.ts';
import { functionsOptions } from './options/functions.ts';
import { intakeOptions } from './options/intake.ts';
import { processOptions } from './options/process.ts';
import { rabbitmqOptions } from './options/rabbitmq.ts';

export type { OptionKind, ServerOption } from './option.ts';

/** Every setting of a Funade process: the single source of reading, of `config show` and of the reference. */
export const serverOptions = [
  ...processOptions,
  ...intakeOptions,
  ...forgeOptions,
  ...agentOptions,
  ...agentModelOptions,
  ...rabbitmqOptions,
  ...functionsOptions,
  ...cliOptions,
] as const satisfies readonly ServerOption[];

export type OptionName = (typeof serverOptions)[number]['name'];
