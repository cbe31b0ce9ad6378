import { runtimesView } from '../../api/contract/index.ts';
import { renderRuntimes } from '../render/fn-doctor.ts';
import type { AddCommand } from '../shell.ts';

/** `funade fn doctor`: what functions run with on the server. What is missing there is a warning, not a failure. */
export const addFnDoctor: AddCommand = (parent, { text, action }) => {
  parent
    .command('doctor')
    .description(text('about.fn.doctor'))
    .action(
      action(async (context) => {
        const client = await context.client();
        const found = await client.get('/api/v1/runtimes', runtimesView);
        context.show(found, (screen) => renderRuntimes(found, screen));
      }),
    );
};
