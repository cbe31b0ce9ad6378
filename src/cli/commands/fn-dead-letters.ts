import { functionInvocationView, listedInvocationView, pageOf } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { readLimit } from '../flags.ts';
import { renderDeadLetters } from '../render/fn-lists.ts';
import { type AddCommand, textOption } from '../shell.ts';
import { requireKnown } from './fn-known.ts';
import { functionNameOf, invocationIdOf } from './fn-names.ts';

/** What the server lists at most. */
const MOST = 200;

/** `funade fn dead-letters <name>`: events that were given up; `--retry` has one tried again from the beginning. */
export const addFnDeadLetters: AddCommand = (parent, { text, action }) => {
  parent
    .command('dead-letters')
    .description(text('about.fn.deadLetters'))
    .argument('<name>', text('arg.function'))
    .option('--retry <id>', text('option.fnRetry'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action(async (context, invocation) => {
        const name = functionNameOf(context, invocation);
        const path = `/api/v1/functions/${segment(name)}/invocations`;
        const client = await context.client();
        const retry = textOption(invocation, 'retry');
        if (retry !== undefined) {
          const id = invocationIdOf(context, retry, name);
          const retried = await client.post(`${path}/${segment(id)}/retry`, {}, functionInvocationView);
          context.note(text('told.deadLetterRetried', { id, name }));
          context.show(retried, () => [retried.id]);
          return;
        }
        const limit = readLimit(invocation.options['limit'], context.language);
        const query = { state: 'dead', limit: Math.min(MOST, limit + 1) };
        const { items } = await client.get(path, pageOf(listedInvocationView), query);
        if (items.length === 0) await requireKnown(context, name);
        const shown = items.slice(0, limit);
        context.show(shown, (screen) => (shown.length === 0 ? [] : renderDeadLetters(shown, screen)));
        if (context.flags.json) return;
        if (shown.length === 0) context.note(text('list.empty'));
        else if (items.length > shown.length) context.note(text('list.more'));
      }),
    );
};
