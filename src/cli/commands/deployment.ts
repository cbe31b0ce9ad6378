import { deploymentView } from '../../api/contract/index.ts';
import { showList } from '../listing.ts';
import { renderDeployments } from '../render/lists.ts';
import { type AddCommand, textOption } from '../shell.ts';

/** `funade deployment list`: the ledger. */
export const addDeployment: AddCommand = (parent, { text, action }) => {
  const deployment = parent.command('deployment').description(text('about.deployment'));
  deployment
    .command('list')
    .description(text('about.deployment.list'))
    .option('--app <app>', text('option.app'))
    .option('--environment <name>', text('option.environment'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const query = { app: textOption(invocation, 'app'), environment: textOption(invocation, 'environment') };
        const list = { path: '/api/v1/deployments', item: deploymentView, query, render: renderDeployments };
        return showList(context, invocation, list);
      }),
    );
};
