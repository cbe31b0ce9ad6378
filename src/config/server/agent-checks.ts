import type { FaultList } from '../faults.ts';
import type { Setting } from './load.ts';
import { type OptionName, serverOptions } from './options.ts';

type ByName = ReadonlyMap<OptionName, Setting>;

const EXAMPLES = {
  'agent.command': '`my-agent < "$FUNADE_PROMPT_FILE"`',
  'agent.model.name': '`qwen3-coder`',
  'agent.model.url': '`https://api.openai.com/v1`',
  'agent.model.price.input': '`3`',
  'agent.model.price.output': '`15`',
} as const satisfies Partial<Record<OptionName, string>>;

/** Faults between settings of agent tasks that are right each by itself. */
export function checkAgent(byName: ByName, faults: FaultList): void {
  const need = (setting: OptionName, needed: keyof typeof EXAMPLES): void => {
    // One that was given and is faulty is not in the map, and its fault has been told.
    if (byName.get(needed)?.value !== null) return;
    const env = serverOptions.find(({ name }) => name === needed)?.env ?? '';
    const values = { setting: told(byName, setting), needed: `${needed} (${env})`, example: EXAMPLES[needed] };
    faults.add('settingNeeds', values, { path: setting.split('.'), place: byName.get(setting)?.place });
  };
  const runner = byName.get('agent.runner')?.value;
  if (runner === 'command') need('agent.runner', 'agent.command');
  if (runner === 'builtin') need('agent.runner', 'agent.model.name');
  const unreachable = whatNeedsTheAddress(byName);
  if (unreachable !== undefined) need(unreachable, 'agent.model.url');
  const money = byName.get('agent.budget.money')?.value;
  if (typeof money !== 'number') return;
  need('agent.budget.money', 'agent.model.price.input');
  need('agent.budget.money', 'agent.model.price.output');
}

/**
 * The other providers have an address of their own. A command may do without any model, and then needs none; one whose
 * model has a name or key but no address could reach nothing although it is meant to.
 */
function whatNeedsTheAddress(byName: ByName): OptionName | undefined {
  if (byName.get('agent.model.provider')?.value !== 'openai-compatible') return undefined;
  const runner = byName.get('agent.runner')?.value;
  if (runner === 'builtin') return 'agent.runner';
  if (runner !== 'command' || byName.get('agent.network')?.value !== 'model') return undefined;
  return (['agent.model.name', 'agent.model.key'] as const).find((name) => typeof byName.get(name)?.value === 'string');
}

function told(byName: ByName, setting: OptionName): string {
  const value = byName.get(setting)?.value;
  return setting === 'agent.runner' && typeof value === 'string' ? `${setting} (${value})` : setting;
}
