import type { EventView } from '../api/contract/index.ts';
import { FunadeError, type NextCommand, formatDuration, sleep } from '../kernel/index.ts';
import { ProblemError } from './client.ts';
import type { Context } from './context.ts';
import { followEvents } from './events.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type LiveScreen, createLiveScreen } from './live-screen.ts';
import type { Screen } from './render/screen.ts';

/** Something that is watched until it ends. */
export interface Followed<V> {
  /** For people: `greeter v12`. */
  readonly subject: string;
  /** The command that follows it again. */
  readonly command: string;
  read(): Promise<V>;
  /** Whether an event can have changed it; null is an event of unknown shape. */
  concerns(event: EventView | null): boolean;
  /** null while it goes on. */
  exitCode(view: V): ExitCode | null;
  /** Set when only a person can move it. */
  waitsForPerson(view: V): { readonly cause: string; readonly next: readonly NextCommand[] } | null;
  render(view: V, screen: Screen): readonly string[];
  changes(before: V | null, after: V, screen: Screen): readonly string[];
}

/** Looks at most this often, however many events arrive (milliseconds). */
const PACE = 200;
/** Looks at least this often: counters and metrics move without events. */
const SILENCE = 2000;
/** A running duration on the screen is at most this old. */
const TICK = 1000;
/** A server that restarts is back within this time; after it the watch gives up with code 7. */
export const OUTAGE = 60_000;

/** Shows a thing until it ends, through reconnections, and answers with the exit code that it ended with. */
export async function follow<V>(context: Context, followed: Followed<V>): Promise<ExitCode> {
  const stop = new AbortController();
  const alarm = createAlarm();
  let interrupted = false;
  let refusal: unknown;
  const stopListening = context.terminal.onInterrupt(() => {
    interrupted = true;
    alarm.ring();
  });
  const client = await context.client();
  const events = followEvents({
    client,
    signal: stop.signal,
    onEvent: (event) => {
      if (followed.concerns(event)) alarm.ring();
    },
    onOpen: () => alarm.ring(),
  }).catch((thrown: unknown) => {
    refusal = thrown;
    alarm.ring();
  });
  const view = createView(context, followed);
  try {
    return await watch({
      context,
      followed,
      alarm,
      view,
      ended: () => (refusal === undefined ? interrupted : refuse(refusal)),
    });
  } finally {
    view.close();
    stopListening();
    stop.abort();
    await events;
  }
}

function refuse(refusal: unknown): never {
  throw refusal;
}

interface Watching<V> {
  readonly context: Context;
  readonly followed: Followed<V>;
  readonly alarm: Alarm;
  readonly view: View<V>;
  /** True when the person pressed Ctrl-C; throws when the server refused. */
  readonly ended: () => boolean;
}

async function watch<V>({ context, followed, alarm, view, ended }: Watching<V>): Promise<ExitCode> {
  const { clock } = context.terminal;
  const startedAt = clock.now();
  const { timeout } = context.flags;
  let lostSince: number | undefined;
  let lookAt = 0;
  for (;;) {
    if (alarm.take() || clock.now() >= lookAt) {
      lookAt = clock.now() + SILENCE;
      try {
        const found = await followed.read();
        lostSince = undefined;
        view.show(found);
        const code = followed.exitCode(found);
        if (code !== null) return code;
        requireNoPerson(context, followed, found);
      } catch (thrown) {
        if (!isOutage(thrown)) throw thrown;
        lostSince ??= clock.now();
        if (clock.now() - lostSince > OUTAGE) throw thrown;
        view.lost(clock.now() - lostSince);
        lookAt = clock.now() + TICK;
      }
    } else {
      view.tick();
    }
    if (ended()) {
      context.note(context.text('told.goesOn', { subject: followed.subject, command: followed.command }));
      return EXIT.interrupted;
    }
    if (timeout !== null && clock.now() - startedAt >= timeout) {
      const values = { subject: followed.subject, timeout: formatDuration(timeout), command: followed.command };
      throw new FunadeError('FUN_WAIT_TIMEOUT', values, { next: [{ command: followed.command }] });
    }
    const left = timeout === null ? TICK : Math.max(1, startedAt + timeout - clock.now());
    await sleep(Math.min(PACE, left));
    if (!alarm.rings()) await Promise.race([alarm.wait(), sleep(Math.min(TICK - PACE, left))]);
  }
}

function requireNoPerson<V>(context: Context, followed: Followed<V>, found: V): void {
  if (context.flags.input) return;
  const wait = followed.waitsForPerson(found);
  if (wait === null) return;
  const reason = context.text('ask.needsPerson', { subject: followed.subject, cause: wait.cause });
  throw new FunadeError('FUN_DECISION_NEEDED', { reason }, { next: wait.next });
}

/** The server is away or busy starting; what it refuses or does not know is no outage. */
export function isOutage(thrown: unknown): boolean {
  if (thrown instanceof ProblemError) return thrown.exitCode === EXIT.unreachable;
  return thrown instanceof FunadeError && thrown.exitCode === EXIT.unreachable;
}

interface View<V> {
  show(found: V): void;
  /** Counts running durations on. */
  tick(): void;
  lost(milliseconds: number): void;
  close(): void;
}

function createView<V>(context: Context, followed: Followed<V>): View<V> {
  const { flags, terminal } = context;
  if (flags.json) return jsonView(context);
  if (flags.quiet) return { show: () => {}, tick: () => {}, lost: () => {}, close: () => {} };
  const live = terminal.stdout.isTTY === true && !flags.plain && terminal.environment['TERM'] !== 'dumb';
  return live ? liveView(context, followed) : lineView(context, followed);
}

function jsonView<V>(context: Context): View<V> {
  let last = '';
  return {
    show: (found) => {
      const line = JSON.stringify(found);
      if (line !== last) context.json(found);
      last = line;
    },
    tick: () => {},
    lost: () => {},
    close: () => {},
  };
}

function lineView<V>(context: Context, followed: Followed<V>): View<V> {
  let before: V | null = null;
  let told = false;
  return {
    show: (found) => {
      context.print(followed.changes(before, found, context.screen()));
      before = found;
      told = false;
    },
    tick: () => {},
    lost: () => {
      if (!told) context.note(context.text('told.connectionLost'));
      told = true;
    },
    close: () => {},
  };
}

function liveView<V>(context: Context, followed: Followed<V>): View<V> {
  const stream = context.terminal.stdout;
  const screen: LiveScreen = createLiveScreen({ stream, clock: context.terminal.clock });
  let last: V | undefined;
  const lines = () => (last === undefined ? [] : followed.render(last, context.screen()));
  return {
    show: (found) => {
      last = found;
      screen.paint(lines());
    },
    tick: () => screen.paint(lines()),
    lost: (milliseconds) => {
      const since = { duration: formatDuration(milliseconds) };
      const told = context.text(milliseconds < 1000 ? 'told.connectionLost' : 'told.reconnecting', since);
      screen.paint([...lines(), told]);
    },
    close: () => screen.close(lines()),
  };
}

interface Alarm {
  ring(): void;
  rings(): boolean;
  /** Whether it rang, and silences it. */
  take(): boolean;
  wait(): Promise<void>;
}

function createAlarm(): Alarm {
  let rung = true;
  let wake = (): void => {};
  return {
    ring: () => {
      rung = true;
      wake();
    },
    rings: () => rung,
    take: () => {
      const was = rung;
      rung = false;
      return was;
    },
    wait: () =>
      new Promise((resolve) => {
        wake = resolve;
        if (rung) resolve();
      }),
  };
}
