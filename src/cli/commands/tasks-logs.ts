import { taskLogView } from '../../api/contract/index.ts';
import { FunadeError, formatDuration, sleep } from '../../kernel/index.ts';
import { segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { OUTAGE, isOutage } from '../follow.ts';
import { createLinePrinter } from '../log-stream.ts';
import { resolveTask } from '../resolve-task.ts';
import { type AddCommand, required } from '../shell.ts';

/** Between two looks at the log, in milliseconds. */
const PACE = 1000;

/** `funade tasks logs <task>`: what the agent said; `--follow` goes on until the task ends, through restarts of the server. */
export const addTaskLogs: AddCommand = (parent, { text, action }) => {
  parent
    .command('logs')
    .description(text('about.tasks.logs'))
    .argument('<task>', text('arg.task'))
    .option('-f, --follow', text('option.taskFollow'))
    .action(
      action(async (context, invocation) => {
        const id = await resolveTask(context, 'logs', required(invocation, 0));
        return printLog(context, id, invocation.options['follow'] === true);
      }),
    );
};

async function printLog(context: Context, id: string, isFollowed: boolean): Promise<ExitCode> {
  const stop = new AbortController();
  const stopListening = context.terminal.onInterrupt(() => stop.abort());
  const { timeout } = context.flags;
  const signal = timeout === null ? stop.signal : AbortSignal.any([stop.signal, AbortSignal.timeout(timeout)]);
  try {
    await readAll(context, { id, isFollowed, signal });
  } finally {
    stopListening();
  }
  if (stop.signal.aborted) return EXIT.interrupted;
  if (!signal.aborted) return EXIT.ok;
  const command = `funade tasks logs ${id} --follow`;
  const values = { subject: id, timeout: formatDuration(timeout ?? 0), command };
  throw new FunadeError('FUN_WAIT_TIMEOUT', values, { next: [{ command }] });
}

interface Reading {
  readonly id: string;
  readonly isFollowed: boolean;
  readonly signal: AbortSignal;
}

/** Pieces one after the other, until there is no more: with `--follow`, until the task has ended too. */
async function readAll(context: Context, { id, isFollowed, signal }: Reading): Promise<void> {
  const { clock } = context.terminal;
  const client = await context.client();
  const printer = createLinePrinter(context);
  const path = `/api/v1/tasks/${segment(id)}/log`;
  let after = 0;
  let lostSince: number | null = null;
  while (!signal.aborted) {
    try {
      const piece = await client.get(path, taskLogView, { after });
      lostSince = null;
      const isNew = piece.text !== '';
      if (isNew && context.flags.json) context.json(piece);
      else printer.write(piece.text);
      after = piece.next;
      if (isNew) continue;
      if (piece.ended || !isFollowed) break;
    } catch (thrown) {
      if (!isFollowed || !isOutage(thrown)) throw thrown;
      if (lostSince === null) context.note(context.text('told.connectionLost'));
      lostSince ??= clock.now();
      if (clock.now() - lostSince > OUTAGE) throw thrown;
    }
    await sleep(PACE, signal);
  }
  printer.end();
  if (after === 0 && !signal.aborted && !context.flags.json) context.note(context.text('told.taskLogEmpty'));
}
