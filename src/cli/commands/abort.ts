import type { RolloutView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { EXIT, type ExitCode, exitCodeOfRollout } from '../exit-codes.ts';
import { followRollout } from '../follow-run.ts';
import { resolveRollout } from '../resolve.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade abort [app] [environment]`: a safety act, so it never asks. With `--wait` it ends when the traffic is back. */
export const addAbort: AddCommand = (parent, { text, action }) => {
  parent
    .command('abort')
    .description(text('about.abort'))
    .argument('[app]', text('arg.appOrRollout'))
    .argument('[environment]', text('arg.environment'))
    .option('--reason <text>', text('option.reason'))
    .action(
      action(async (context, invocation) => {
        const { id, subject } = await resolveRollout(context, 'abort', invocation.args);
        const client = await context.client();
        await client.act(`/api/v1/rollouts/${segment(id)}/abort`, given({ reason: textOption(invocation, 'reason') }));
        context.note(text('told.aborting', { subject }));
        if (context.flags.wait === true) return followRollout(context, id, exitCodeOfAbort);
        if (context.flags.json) context.json({ rolloutId: id });
        return undefined;
      }),
    );
};

/** Who asked for the abort got what they asked for when it aborted. */
function exitCodeOfAbort(rollout: RolloutView): ExitCode | null {
  const code = exitCodeOfRollout(rollout);
  if (code === null) return null;
  return rollout.phase === 'aborted' || rollout.phase === 'rolled_back' ? EXIT.ok : EXIT.failed;
}
