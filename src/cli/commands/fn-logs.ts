import { functionLogView, pageOf } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { EXIT } from '../exit-codes.ts';
import { readLimit } from '../flags.ts';
import { renderLogLine } from '../render/fn-log-line.ts';
import { type AddCommand, textOption } from '../shell.ts';
import { followLines } from './fn-follow.ts';
import { functionNameOf } from './fn-names.ts';

/** Lines without `--limit`. */
const LINES = 100;
/** What the server gives at most. */
const MOST = 1000;

/** `funade fn logs <name>`: the newest lines, oldest first; `--follow` goes on with those that come. */
export const addFnLogs: AddCommand = (parent, { text, action }) => {
  parent
    .command('logs')
    .description(text('about.fn.logs'))
    .argument('<name>', text('arg.logs'))
    .option('--environment <environment>', text('option.environment'))
    .option('--function <function>', text('option.function'))
    .option('-f, --follow', text('option.fnFollow'))
    .option('--limit <lines>', text('option.lines'))
    .action(
      action(async (context, invocation) => {
        const name = functionNameOf(context, invocation);
        const { limit } = invocation.options;
        const path = `/api/v1/functions/${segment(name)}/logs`;
        const query = {
          environment: textOption(invocation, 'environment'),
          function: textOption(invocation, 'function'),
          limit: limit === undefined ? LINES : readLimit(limit, context.language, MOST),
        };
        const print = (line: Parameters<typeof renderLogLine>[0]): void => {
          if (context.flags.json) context.json(line);
          else context.print([renderLogLine(line, context.screen())]);
        };
        if (invocation.options['follow'] === true) {
          return followLines(context, { path, query, print, command: `funade fn logs ${name} --follow` });
        }
        const client = await context.client();
        const { items } = await client.get(path, pageOf(functionLogView), query);
        for (const line of items) print(line);
        if (items.length === 0 && !context.flags.json) context.note(text('list.empty'));
        return EXIT.ok;
      }),
    );
};
