import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import { EXIT } from '../exit-codes.ts';
import type { AddCommand } from '../shell.ts';
import { functionNameOf } from './fn-names.ts';

/** `funade fn delete <name>` */
export const addFnDelete: AddCommand = (parent, { text, action }) => {
  parent
    .command('delete')
    .description(text('about.fn.delete'))
    .argument('<name>', text('arg.function'))
    .action(
      action(async (context, invocation) => {
        const name = functionNameOf(context, invocation);
        if (!(await confirm(context, text('ask.deleteFunction', { name }), `funade fn delete ${name}`))) {
          return EXIT.failed;
        }
        const client = await context.client();
        await client.remove(`/api/v1/functions/${segment(name)}`);
        context.note(text('told.functionDeleted', { name }));
        if (context.flags.json) context.json({ name, deleted: true });
        return EXIT.ok;
      }),
    );
};
