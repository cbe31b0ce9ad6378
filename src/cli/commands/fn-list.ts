import { type FunctionView, RUNTIME_NAMES, functionListView } from '../../api/contract/index.ts';
import { readLimit } from '../flags.ts';
import { renderFunctions } from '../render/fn-lists.ts';
import type { AddCommand } from '../shell.ts';
import { choiceOption } from './fn-arguments.ts';

const PAGE = 100;
const TYPES = ['session', 'function'] as const;

/** `funade fn list`: as many pages as `--limit` needs. */
export const addFnList: AddCommand = (parent, { text, action }) => {
  parent
    .command('list')
    .description(text('about.fn.list'))
    .option('--language <language>', text('option.fnLanguage'))
    .option('--type <type>', text('option.fnType'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action(async (context, invocation) => {
        const limit = readLimit(invocation.options['limit'], context.language);
        const help = 'funade fn list --help';
        const query = {
          language: choiceOption(context, invocation, { name: 'language', known: RUNTIME_NAMES, help }),
          type: choiceOption(context, invocation, { name: 'type', known: TYPES, help }),
        };
        const client = await context.client();
        const per_page = Math.min(PAGE, limit);
        const functions: FunctionView[] = [];
        let total: number;
        let page = 0;
        let came: number;
        do {
          page += 1;
          const found = await client.get('/api/v1/functions', functionListView, { ...query, page, per_page });
          functions.push(...found.functions);
          came = found.functions.length;
          total = found.total;
        } while (came > 0 && functions.length < Math.min(limit, total));
        const shown = functions.slice(0, limit);
        context.show(shown, (screen) => (shown.length === 0 ? [] : renderFunctions(shown, screen)));
        if (context.flags.json) return;
        if (shown.length === 0) context.note(text('list.empty'));
        else if (total > shown.length) context.note(text('list.more'));
      }),
    );
};
