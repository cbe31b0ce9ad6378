import { appView, pageOf } from '../../api/contract/index.ts';
import { renderStatus } from '../render/status.ts';
import type { AddCommand } from '../shell.ts';

/** `funade status [app]` */
export const addStatus: AddCommand = (parent, { text, action }) => {
  parent
    .command('status')
    .description(text('about.status'))
    .argument('[app]', text('arg.app'))
    .action(
      action(async (context, { args: [name] }) => {
        const client = await context.client();
        if (name === undefined) {
          const { items } = await client.get('/api/v1/apps', pageOf(appView), { limit: 500 });
          context.show(items, (screen) => renderStatus(items, screen));
          return;
        }
        const app = await client.get(`/api/v1/apps/${encodeURIComponent(name)}`, appView);
        context.show(app, (screen) => renderStatus([app], screen));
      }),
    );
};
