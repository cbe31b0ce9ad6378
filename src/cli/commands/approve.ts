import { segment } from '../client.ts';
import { resolveApproval } from '../resolve.ts';
import { type AddCommand, textOption } from '../shell.ts';

/** `funade approve [approval]` */
export const addApprove: AddCommand = (parent, { text, action }) => {
  parent
    .command('approve')
    .description(text('about.approve'))
    .argument('[approval]', text('arg.approval'))
    .option('--comment <text>', text('option.comment'))
    .action(
      action(async (context, invocation) => {
        const { id, subject } = await resolveApproval(context, 'approve', invocation.args[0]);
        const client = await context.client();
        const comment = textOption(invocation, 'comment') ?? '';
        await client.act(`/api/v1/approvals/${segment(id)}`, { decision: 'approve', comment });
        context.note(text('told.approved', { subject }));
        if (context.flags.json) context.json({ approvalId: id, decision: 'approve' });
      }),
    );
};
