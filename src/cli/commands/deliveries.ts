import { deliveryView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { showList } from '../listing.ts';
import { renderDelivery } from '../render/delivery.ts';
import { renderDeliveries } from '../render/lists.ts';
import { type AddCommand, required } from '../shell.ts';

/** `funade deliveries list|show|replay` */
export const addDeliveries: AddCommand = (parent, { text, action }) => {
  const deliveries = parent.command('deliveries').description(text('about.deliveries'));
  deliveries
    .command('list')
    .description(text('about.deliveries.list'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) =>
        showList(context, invocation, { path: '/api/v1/deliveries', item: deliveryView, render: renderDeliveries }),
      ),
    );
  deliveries
    .command('show')
    .description(text('about.deliveries.show'))
    .argument('<delivery>', text('arg.delivery'))
    .action(
      action(async (context, invocation) => {
        const client = await context.client();
        const found = await client.get(`/api/v1/deliveries/${segment(required(invocation, 0))}`, deliveryView);
        context.show(found, (screen) => renderDelivery(found, screen));
      }),
    );
  deliveries
    .command('replay')
    .description(text('about.deliveries.replay'))
    .argument('<delivery>', text('arg.delivery'))
    .action(
      action(async (context, invocation) => {
        const id = required(invocation, 0);
        const client = await context.client();
        await client.act(`/api/v1/deliveries/${segment(id)}/replay`, {});
        context.note(text('told.replayed', { id }));
        if (context.flags.json) context.json({ deliveryId: id });
      }),
    );
};
