import { FunadeError, formatDuration } from '../../kernel/index.ts';
import { segment } from '../client.ts';
import { EXIT } from '../exit-codes.ts';
import { printStream } from '../log-stream.ts';
import { resolveRun } from '../resolve.ts';
import { type AddCommand, textOption } from '../shell.ts';

/** `funade logs [run]`: the run's log as it was written; `--follow` goes on until the run ends. */
export const addLogs: AddCommand = (parent, { text, action }) => {
  parent
    .command('logs')
    .description(text('about.logs'))
    .argument('[run]', text('arg.run'))
    .option('--stage <name>', text('option.stage'))
    .option('-f, --follow', text('option.follow'))
    .action(
      action(async (context, invocation) => {
        const id = await resolveRun(context, invocation.args[0]);
        const client = await context.client();
        const stop = new AbortController();
        const { timeout } = context.flags;
        const signal = timeout === null ? stop.signal : AbortSignal.any([stop.signal, AbortSignal.timeout(timeout)]);
        const stopListening = context.terminal.onInterrupt(() => stop.abort());
        const follow = invocation.options['follow'] === true ? 1 : undefined;
        try {
          const stream = await client.stream(`/api/v1/runs/${segment(id)}/log`, {
            query: { stage: textOption(invocation, 'stage'), follow },
            headers: { accept: 'text/plain' },
            signal,
          });
          await printStream(stream, context);
        } catch (thrown) {
          if (stop.signal.aborted) return EXIT.interrupted;
          if (signal.aborted) throw stoppedWaiting(id, timeout ?? 0);
          throw thrown;
        } finally {
          stopListening();
        }
        return undefined;
      }),
    );
};

function stoppedWaiting(id: string, timeout: number): FunadeError {
  const command = `funade logs ${id} --follow`;
  return new FunadeError(
    'FUN_WAIT_TIMEOUT',
    { subject: id, timeout: formatDuration(timeout), command },
    { next: [{ command }] },
  );
}
