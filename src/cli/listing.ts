import type { z } from 'zod';
import { pageOf } from '../api/contract/index.ts';
import type { Query } from './client.ts';
import type { Context } from './context.ts';
import { readLimit } from './flags.ts';
import type { Screen } from './render/screen.ts';
import type { Invocation } from './shell.ts';

/** Reads a list and shows it; as many rows as `--limit` says, with a note when there are more. */
export async function showList<T extends z.ZodType>(
  context: Context,
  invocation: Invocation,
  list: {
    readonly path: string;
    readonly item: T;
    readonly query?: Query;
    readonly render: (items: readonly z.output<T>[], screen: Screen) => readonly string[];
    /** Called before an empty list is shown; may refuse. */
    readonly onEmpty?: () => Promise<void>;
  },
): Promise<void> {
  const limit = readLimit(invocation.options['limit'], context.language);
  const client = await context.client();
  const items: z.output<T>[] = [];
  let cursor: string | undefined;
  let more: boolean;
  do {
    const query: Query = { ...list.query, limit: Math.min(100, limit - items.length), cursor };
    const page = await client.get(list.path, pageOf(list.item), query);
    items.push(...page.items);
    cursor = page.next ?? undefined;
    more = cursor !== undefined && page.items.length > 0;
  } while (more && items.length < limit);
  if (items.length === 0) await list.onEmpty?.();
  const shown = items.slice(0, limit);
  context.show(shown, (screen) => (shown.length === 0 && !context.flags.plain ? [] : list.render(shown, screen)));
  if (context.flags.json) return;
  if (shown.length === 0) context.note(context.text('list.empty'));
  else if (more || items.length > limit) context.note(context.text('list.more'));
}
