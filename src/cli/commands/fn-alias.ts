import { type FunctionAliasView, functionAliasView, pageOf } from '../../api/contract/index.ts';
import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { renderAliases, weightsText } from '../render/fn-lists.ts';
import { type AddCommand, type Invocation, textOption } from '../shell.ts';
import { restAt } from './fn-arguments.ts';
import { aliasNameOf, anyAliasNameOf, functionNameOf } from './fn-names.ts';
import { aliasPath, pointAlias } from './fn-point.ts';

const HELP = 'funade fn alias --help';

/** `funade fn alias <name> [alias] [versions…]`: lists, shows, points or deletes. */
export const addFnAlias: AddCommand = (parent, { text, action }) => {
  parent
    .command('alias')
    .description(text('about.fn.alias'))
    .argument('<name>', text('arg.function'))
    .argument('[alias]', text('arg.alias'))
    .argument('[versions...]', text('arg.versions'))
    .option('--if-revision <number>', text('option.ifRevision'))
    .option('--delete', text('option.deleteAlias'))
    .action(
      action(async (context, invocation) => {
        const name = functionNameOf(context, invocation);
        const versions = restAt(invocation, 2);
        const named = invocation.args[1];
        const isRead = versions.length === 0 && invocation.options['delete'] !== true;
        const alias = named && (isRead ? anyAliasNameOf(context, named) : aliasNameOf(context, named));
        const ifRevision = revisionOf(context, invocation);
        if (invocation.options['delete'] === true) {
          if (alias === undefined) throw usage(text('usage.missingArgument', { value: 'alias' }), HELP);
          if (versions.length > 0 || ifRevision !== undefined) throw usage(text('usage.fnDeleteAlone'), HELP);
          return remove(context, name, alias);
        }
        if (alias === undefined) await list(context, name);
        else if (versions.length === 0) await show(context, name, alias);
        else await point(context, { name, alias, weights: weightsOf(context, versions), ifRevision });
        return EXIT.ok;
      }),
    );
};

async function list(context: Context, name: string): Promise<void> {
  const client = await context.client();
  const { items } = await client.get(`/api/v1/functions/${segment(name)}/aliases`, pageOf(functionAliasView));
  context.show(items, (screen) => (items.length === 0 ? [] : renderAliases(items, screen)));
  if (items.length === 0 && !context.flags.json) context.note(context.text('list.empty'));
}

async function show(context: Context, name: string, alias: string): Promise<void> {
  const client = await context.client();
  const found = await client.get(aliasPath({ name, alias }), functionAliasView);
  context.show(found, (screen) => renderAliases([found], screen));
}

async function point(context: Context, pointing: Parameters<typeof pointAlias>[1]): Promise<void> {
  const alias = await pointAlias(context, pointing);
  const told = { alias: `${alias.function}:${alias.name}`, weights: weightsText(alias.weights) };
  context.note(context.text('told.aliasPointed', told));
  context.show(alias, (screen) => renderAliases([alias], screen));
}

async function remove(context: Context, name: string, alias: string): Promise<ExitCode> {
  const subject = `${name}:${alias}`;
  const question = context.text('ask.deleteAlias', { alias: subject });
  if (!(await confirm(context, question, `funade fn alias ${name} ${alias} --delete`))) return EXIT.failed;
  const client = await context.client();
  await client.remove(aliasPath({ name, alias }));
  context.note(context.text('told.aliasDeleted', { alias: subject }));
  if (context.flags.json) context.json({ function: name, name: alias, deleted: true });
  return EXIT.ok;
}

function revisionOf({ text }: Context, invocation: Invocation): number | undefined {
  const value = textOption(invocation, 'ifRevision');
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/u.test(value)) throw usage(text('usage.fnRevision', { value }), HELP);
  return Number(value);
}

/** `3` or `v3` is all of it; `1=90 2=10` are shares. */
function weightsOf({ text }: Context, versions: readonly string[]): FunctionAliasView['weights'] {
  const [first = ''] = versions;
  const whole = /^v?([1-9]\d*)$/u.exec(first)?.[1];
  if (whole !== undefined && versions.length === 1) return [{ version: whole, weight: 100 }];
  if (versions.length > 2) throw usage(text('usage.fnTwo', { count: versions.length }), HELP);
  const weights = versions.map((value) => {
    const [, version, weight] = /^v?([1-9]\d*)=(\d{1,3})%?$/u.exec(value) ?? [];
    if (version === undefined) throw usage(text('usage.fnWeights', { value }), HELP);
    return { version, weight: Number(weight) };
  });
  const sum = weights.reduce((total, { weight }) => total + weight, 0);
  if (sum !== 100) throw usage(text('usage.fnSum', { weights: weightsText(weights), sum }), HELP);
  return weights;
}
