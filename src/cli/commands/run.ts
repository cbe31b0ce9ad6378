import { runView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { showList } from '../listing.ts';
import { renderRuns } from '../render/lists.ts';
import { renderRun } from '../render/run.ts';
import { resolveRun } from '../resolve.ts';
import { type AddCommand, textOption } from '../shell.ts';

/** `funade run list|show` */
export const addRun: AddCommand = (parent, { text, action }) => {
  const run = parent.command('run').description(text('about.run'));
  run
    .command('list')
    .description(text('about.run.list'))
    .option('--app <app>', text('option.app'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const query = { app: textOption(invocation, 'app') };
        return showList(context, invocation, { path: '/api/v1/runs', item: runView, query, render: renderRuns });
      }),
    );
  run
    .command('show')
    .description(text('about.run.show'))
    .argument('[run]', text('arg.run'))
    .action(
      action(async (context, { args: [name] }) => {
        const id = await resolveRun(context, name);
        const client = await context.client();
        const found = await client.get(`/api/v1/runs/${segment(id)}`, runView);
        context.show(found, (screen) => renderRun(found, screen));
      }),
    );
};
