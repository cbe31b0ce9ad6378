import { releaseView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { showList } from '../listing.ts';
import { renderReleases } from '../render/lists.ts';
import { renderRelease } from '../render/release.ts';
import { type AddCommand, required, textOption } from '../shell.ts';

/** `funade release list|show` */
export const addRelease: AddCommand = (parent, { text, action }) => {
  const release = parent.command('release').description(text('about.release'));
  release
    .command('list')
    .description(text('about.release.list'))
    .option('--app <app>', text('option.app'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const query = { app: textOption(invocation, 'app') };
        const list = { path: '/api/v1/releases', item: releaseView, query, render: renderReleases };
        return showList(context, invocation, list);
      }),
    );
  release
    .command('show')
    .description(text('about.release.show'))
    .argument('<release>', text('arg.release'))
    .option('--app <app>', text('option.app'))
    .action(
      action(async (context, invocation) => {
        const client = await context.client();
        const path = `/api/v1/releases/${segment(required(invocation, 0))}`;
        const found = await client.get(path, releaseView, { app: textOption(invocation, 'app') });
        context.show(found, (screen) => renderRelease(found, screen));
      }),
    );
};
