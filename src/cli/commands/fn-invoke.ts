import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { acceptedInvocation } from '../../api/contract/index.ts';
import { FunadeError, formatDuration, messageOf } from '../../kernel/index.ts';
import { ProblemError, type Relayed, segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { prettyJson } from '../render/fn-json.ts';
import { renderProblem } from '../render/problem.ts';
import { type AddCommand, given, textOption } from '../shell.ts';
import { functionNameOf } from './fn-names.ts';

const HELP = 'funade fn invoke --help';
const MIB = 1024 * 1024;
/** What the server takes as an event. */
const LIMITS = {
  request: { size: 6 * MIB, words: '6 MiB' },
  event: { size: MIB, words: '1 MiB' },
} as const;

/** `funade fn invoke <name>`: prints the result as it came. Ends with 1 when the function failed. */
export const addFnInvoke: AddCommand = (parent, { text, action }) => {
  parent
    .command('invoke')
    .description(text('about.fn.invoke'))
    .argument('<name>', text('arg.invoke'))
    .option('--qualifier <qualifier>', text('option.qualifier'))
    .option('-d, --data <data>', text('option.data'))
    .option('--event', text('option.event'))
    .option('--idempotency-key <key>', text('option.idempotencyKey'))
    .action(
      action(async (context, invocation) => {
        const name = functionNameOf(context, invocation);
        const qualifier = textOption(invocation, 'qualifier');
        const isEvent = invocation.options['event'] === true;
        const body = await readData(context, textOption(invocation, 'data'));
        const { size, words } = isEvent ? LIMITS.event : LIMITS.request;
        // Beyond it the server hangs up while the body is on its way, and what it says of it does not arrive.
        if (body !== null && body.length > size) throw new FunadeError('FUN_BODY_TOO_LARGE', { limit: words });
        const client = await context.client();
        const { timeout } = context.flags;
        const signal = timeout === null ? undefined : AbortSignal.timeout(timeout);
        try {
          const answer = await client.relay(`/api/v1/functions/${segment(name)}/invocations`, {
            query: { qualifier, type: isEvent ? 'event' : undefined },
            headers: given({ 'idempotency-key': textOption(invocation, 'idempotencyKey') }),
            signal,
            body,
          });
          if (isEvent) showAccepted(context, answer, client.server);
          else showResult(context, name, answer);
          return EXIT.ok;
        } catch (thrown) {
          if (signal?.aborted === true) throw stoppedWaiting(name, timeout ?? 0);
          if (!(thrown instanceof ProblemError)) throw thrown;
          // What the caller did wrong is told as any other error.
          if (thrown.isOfCall) return tellFailure(context, name, thrown);
          throw thrown.problem.status === 404 ? notFound(context, thrown, { name, qualifier }) : thrown;
        }
      }),
    );
};

function stoppedWaiting(name: string, timeout: number): FunadeError {
  const command = `funade fn logs ${name}`;
  const values = { subject: name, timeout: formatDuration(timeout), command };
  return new FunadeError('FUN_WAIT_TIMEOUT', values, { next: [{ command }] });
}

/** The server does not tell which part of the name it did not find; what was typed does. */
function notFound(
  { text }: Context,
  { problem, details }: ProblemError,
  { name, qualifier }: { readonly name: string; readonly qualifier: string | undefined },
): ProblemError {
  if (qualifier !== undefined) {
    const next = [{ command: `funade fn alias ${name}` }, { command: `funade fn versions ${name}` }];
    return new ProblemError({ ...problem, fix: text('fn.qualifierUnknown', { name }), next }, details);
  }
  if (!name.includes('-')) return new ProblemError(problem, details);
  const next = [{ command: `funade fn invoke ${name} --qualifier <environment>` }, { command: 'funade fn list' }];
  return new ProblemError({ ...problem, fix: text('fn.environmentNeeded'), next }, details);
}

/** JSON itself, `@file`, or `-` for standard input; null without. */
async function readData(context: Context, data: string | undefined): Promise<Uint8Array<ArrayBuffer> | null> {
  if (data === undefined) return null;
  if (data === '-') return new Uint8Array(await buffer(context.terminal.stdin));
  if (!data.startsWith('@')) return new TextEncoder().encode(data);
  const file = data.slice(1);
  try {
    return new Uint8Array(await readFile(resolve(context.terminal.directory, file)));
  } catch (thrown) {
    throw usage(context.text('usage.fileUnreadable', { file, reason: messageOf(thrown) }), HELP);
  }
}

function showResult(context: Context, name: string, { headers, text }: Relayed): void {
  const isForPeople = context.terminal.stdout.isTTY === true && !context.flags.json && !context.flags.plain;
  context.print(isForPeople ? prettyJson(text).split('\n') : [text]);
  if (context.flags.json) return;
  const id = headers.get('x-funade-version') ?? '';
  const version = /^\d+$/.test(id) ? `v${id}` : id;
  const duration = Number(headers.get('x-funade-duration-ms') ?? 0);
  context.note(context.text('told.invoked', { name, version, duration: `${duration.toFixed(1)} ms` }));
  if (headers.get('x-funade-replayed') === 'true') context.note(context.text('told.replayedResult'));
  if (headers.get('x-funade-cached') === 'true') context.note(context.text('told.cachedResult'));
}

function showAccepted(context: Context, { text }: Relayed, server: string): void {
  const accepted = acceptedInvocation.safeParse(parsed(text));
  if (!accepted.success) {
    const reason = accepted.error.issues[0]?.message ?? '';
    throw new FunadeError('FUN_SERVER_ANSWER_UNREADABLE', { server, request: 'POST …/invocations?type=event', reason });
  }
  context.show(accepted.data, () => [accepted.data.id]);
  if (accepted.data.duplicate && !context.flags.json) context.note(context.text('told.eventKnown'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error with its type and trace, which other errors do not have. */
function tellFailure(context: Context, name: string, { problem, details }: ProblemError): ExitCode {
  const { code, detail, fix } = problem;
  const next = problem.next.length > 0 ? problem.next : [{ command: `funade fn logs ${name}` }];
  const { errorType, trace } = details;
  const lines = Array.isArray(trace) ? trace.map(String) : [];
  if (context.flags.json) {
    context.json({ error: { ...problem, next, details } });
    return EXIT.failed;
  }
  const isTyped = typeof errorType !== 'string' || detail.startsWith(errorType);
  const told = isTyped ? detail : `${errorType}: ${detail}`;
  const errors = [...problem.errors, ...lines.map((message) => ({ message }))];
  const screen = context.screen(context.terminal.stderr);
  context.terminal.stderr.write(`${renderProblem({ code, detail: told, fix, errors, next }, screen).join('\n')}\n`);
  return EXIT.failed;
}
