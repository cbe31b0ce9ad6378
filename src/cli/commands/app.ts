import { appView } from '../../api/contract/index.ts';
import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import { EXIT } from '../exit-codes.ts';
import { showList } from '../listing.ts';
import { renderApps } from '../render/lists.ts';
import { type AddCommand, given, required, textOption } from '../shell.ts';
import { sourceOf } from '../source.ts';

/** `funade app add|list|remove` */
export const addApp: AddCommand = (parent, { text, action }) => {
  const app = parent.command('app').description(text('about.app'));
  app
    .command('add')
    .description(text('about.app.add'))
    .argument('<source>', text('arg.source'))
    .option('--ref <ref>', text('option.addRef'))
    .option('--repository <name>', text('option.repository'))
    .action(
      action(async (context, invocation) => {
        const source = sourceOf(required(invocation, 0), context.terminal.directory);
        const client = await context.client();
        const fields = given({ ref: textOption(invocation, 'ref'), repository: textOption(invocation, 'repository') });
        const added = await client.post('/api/v1/apps', { source, ...fields }, appView);
        context.note(text('told.added', { source }));
        context.show(added, (screen) => renderApps([added], screen));
      }),
    );
  app
    .command('list')
    .description(text('about.app.list'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) =>
        showList(context, invocation, { path: '/api/v1/apps', item: appView, render: renderApps }),
      ),
    );
  app
    .command('remove')
    .description(text('about.app.remove'))
    .argument('<app>', text('arg.app'))
    .action(
      action(async (context, invocation) => {
        const name = required(invocation, 0);
        const sure = await confirm(context, text('ask.removeApp', { app: name }), `funade app remove ${name}`);
        if (!sure) return EXIT.failed;
        const client = await context.client();
        await client.remove(`/api/v1/apps/${segment(name)}`);
        context.note(text('told.removed', { app: name }));
        if (context.flags.json) context.json({ app: name, removed: true });
        return undefined;
      }),
    );
};
