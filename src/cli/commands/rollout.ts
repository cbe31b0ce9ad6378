import { rolloutView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { showList } from '../listing.ts';
import { renderRollouts } from '../render/lists.ts';
import { renderRollout } from '../render/rollout.ts';
import { type AddCommand, required, textOption } from '../shell.ts';

/** `funade rollout list|show` */
export const addRollout: AddCommand = (parent, { text, action }) => {
  const rollout = parent.command('rollout').description(text('about.rollout'));
  rollout
    .command('list')
    .description(text('about.rollout.list'))
    .option('--app <app>', text('option.app'))
    .option('--environment <name>', text('option.environment'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const query = { app: textOption(invocation, 'app'), environment: textOption(invocation, 'environment') };
        const list = { path: '/api/v1/rollouts', item: rolloutView, query, render: renderRollouts };
        return showList(context, invocation, list);
      }),
    );
  rollout
    .command('show')
    .description(text('about.rollout.show'))
    .argument('<rollout>', text('arg.rollout'))
    .action(
      action(async (context, invocation) => {
        const client = await context.client();
        const found = await client.get(`/api/v1/rollouts/${segment(required(invocation, 0))}`, rolloutView);
        context.show(found, (screen) => renderRollout(found, screen));
      }),
    );
};
