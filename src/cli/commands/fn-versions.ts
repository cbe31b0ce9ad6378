import { functionAliasView, functionVersionView, pageOf } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { readLimit } from '../flags.ts';
import { renderVersions } from '../render/fn-lists.ts';
import type { AddCommand } from '../shell.ts';
import { functionNameOf } from './fn-names.ts';

/** `funade fn versions <name>`: newest first, with the aliases that point to them. */
export const addFnVersions: AddCommand = (parent, { text, action }) => {
  parent
    .command('versions')
    .description(text('about.fn.versions'))
    .argument('<name>', text('arg.function'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action(async (context, invocation) => {
        const limit = readLimit(invocation.options['limit'], context.language);
        const path = `/api/v1/functions/${segment(functionNameOf(context, invocation))}`;
        const client = await context.client();
        const { items } = await client.get(`${path}/versions`, pageOf(functionVersionView));
        const versions = items.slice(0, limit);
        if (context.flags.json) {
          context.show(versions, () => []);
          return;
        }
        const aliases = (await client.get(`${path}/aliases`, pageOf(functionAliasView))).items;
        context.print(renderVersions(versions, aliases, context.screen()));
        if (items.length > versions.length) context.note(text('list.more'));
      }),
    );
};
