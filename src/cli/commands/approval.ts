import { approvalView } from '../../api/contract/index.ts';
import { showList } from '../listing.ts';
import { renderApprovals } from '../render/lists.ts';
import type { AddCommand } from '../shell.ts';

/** `funade approval list`: what waits for a decision. */
export const addApproval: AddCommand = (parent, { text, action }) => {
  const approval = parent.command('approval').description(text('about.approval'));
  approval
    .command('list')
    .description(text('about.approval.list'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const query = { state: 'pending' };
        const list = { path: '/api/v1/approvals', item: approvalView, query, render: renderApprovals };
        return showList(context, invocation, list);
      }),
    );
};
