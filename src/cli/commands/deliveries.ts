import { DELIVERY_OUTCOMES, deliveryView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { usage } from '../flags.ts';
import { showList } from '../listing.ts';
import { renderDecision, renderDelivery } from '../render/delivery.ts';
import { renderDeliveries } from '../render/lists.ts';
import { type AddCommand, required, textOption } from '../shell.ts';

/** `funade deliveries list|show|replay` */
export const addDeliveries: AddCommand = (parent, { text, action }) => {
  const deliveries = parent.command('deliveries').description(text('about.deliveries'));
  deliveries
    .command('list')
    .description(text('about.deliveries.list'))
    .option('--source <name>', text('option.deliverySource'))
    .option('--outcome <outcome>', text('option.deliveryOutcome'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const [source, outcome] = [textOption(invocation, 'source'), textOption(invocation, 'outcome')];
        if (outcome !== undefined && !(DELIVERY_OUTCOMES as readonly string[]).includes(outcome)) {
          const values = { value: outcome, known: DELIVERY_OUTCOMES.join(', ') };
          throw usage(text('usage.choice', values), 'funade deliveries list --help');
        }
        return showList(context, invocation, {
          path: '/api/v1/deliveries',
          query: { source, outcome },
          item: deliveryView,
          render: renderDeliveries,
        });
      }),
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
        const replayed = await client.post(`/api/v1/deliveries/${segment(id)}/replay`, {}, deliveryView);
        context.note(text('told.replayed', { id: replayed.id }));
        context.show(replayed, (screen) => renderDecision(replayed, screen));
      }),
    );
};
