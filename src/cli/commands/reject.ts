import { segment } from '../client.ts';
import { resolveApproval } from '../resolve.ts';
import { type AddCommand, textOption } from '../shell.ts';

/** `funade reject [approval]` */
export const addReject: AddCommand = (parent, { text, action }) => {
  parent
    .command('reject')
    .description(text('about.reject'))
    .argument('[approval]', text('arg.approval'))
    .option('--comment <text>', text('option.comment'))
    .action(
      action(async (context, invocation) => {
        const { id, subject } = await resolveApproval(context, 'reject', invocation.args[0]);
        const client = await context.client();
        const comment = textOption(invocation, 'comment') ?? '';
        await client.act(`/api/v1/approvals/${segment(id)}`, { decision: 'reject', comment });
        context.note(text('told.rejected', { subject }));
        if (context.flags.json) context.json({ approvalId: id, decision: 'reject' });
      }),
    );
};
