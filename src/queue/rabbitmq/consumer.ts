import type { AsyncMessage, Channel, Connection } from 'rabbitmq-client';
import { type Logger, messageOf, newId, sleep } from '../../kernel/index.ts';
import type { Worker } from '../port.ts';

/** What becomes of a message: it is done with, a dead letter, or somebody else's. */
export type Verdict = 'done' | 'dead' | 'again';

export interface ConsumerOptions {
  readonly queue: string;
  /** Messages in hand at the same time. */
  readonly capacity: number;
  readonly room: (() => number) | undefined;
  readonly declare: (connection: Connection) => Promise<void>;
  /** Must not throw. */
  readonly handle: (message: AsyncMessage) => Promise<Verdict>;
  readonly logger: Logger;
}

export interface Consumer extends Worker {
  /** Takes messages from this connection until it is lost. */
  attach(connection: Connection): void;
  detach(): void;
  /** Takes no more messages, and resolves when those in hand have been answered. */
  stop(): Promise<void>;
}

/** What the broker was told it may send: it counts what was sent and not answered. */
interface Window {
  readonly tag: string;
  readonly size: number;
  unanswered: number;
}

interface Answer {
  readonly window: Window;
  readonly deliveryTag: number;
  readonly verdict: Verdict;
}

interface Session {
  readonly channel: Channel;
  window: Window | null;
  readonly answers: Answer[];
  settling: Promise<void> | null;
  isUnsettled: boolean;
  /** When the last message came, or it began; milliseconds of the process's clock. */
  since: number;
}

const PAUSES_MS = [250, 1000, 5000, 15_000] as const;

/** What the broker has not answered by then it has lost: it does so when a queue is deleted at that moment. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * How long a consumer may be idle before it begins anew on another channel. Nothing tells of a queue that was deleted while it began,
 * and a channel that knew the old one is no good for the new one of that name.
 */
const RENEW_MS = 20_000;

/**
 * Takes messages from one queue, never more than there is room for. The number that a consumer may be sent can't be changed, so it
 * is cancelled and begun anew when the room has changed; and before an answer that would make the broker send one too many.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { queue, capacity, logger } = options;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let attached: { readonly connection: Connection; readonly left: AbortController } | undefined;
  let session: Session | undefined;

  function places(): number {
    if (stopping.signal.aborted) return 0;
    return Math.max(0, Math.min(capacity - running.size, options.room?.() ?? capacity));
  }

  async function keepConsuming(connection: Connection, left: AbortSignal): Promise<void> {
    for (let failures = 0; !left.aborted && !stopping.signal.aborted; failures += 1) {
      try {
        await consume(connection, () => {
          failures = 0;
        });
      } catch (thrown) {
        if (left.aborted || stopping.signal.aborted) return;
        logger.warn({ queue, reason: messageOf(thrown) }, 'Failed to take messages; trying again.');
      }
      await sleep(PAUSES_MS[failures] ?? PAUSES_MS[3], AbortSignal.any([left, stopping.signal]));
    }
  }

  /** Resolves when the channel is closed. */
  async function consume(connection: Connection, onBegun: () => void): Promise<void> {
    await options.declare(connection);
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    const closed = new Promise<void>((resolve) => {
      channel.once('close', resolve);
    });
    const mine: Session = {
      channel,
      window: null,
      answers: [],
      settling: null,
      isUnsettled: false,
      since: performance.now(),
    };
    channel.on('error', (error: unknown) =>
      logger.warn({ queue, reason: messageOf(error) }, 'Failed to take messages; trying again.'),
    );
    channel.on('basic.cancel', () => {
      logger.warn({ queue }, 'RabbitMQ ended the taking of messages: their queue was deleted, or moved.');
      void channel.close();
    });
    session = mine;
    onBegun();
    settle(mine);
    const renewal = setInterval(() => {
      const isIdle = mine.window?.unanswered === 0 && mine.answers.length === 0 && mine.settling === null;
      if (isIdle && performance.now() - mine.since >= RENEW_MS) void channel.close();
    }, RENEW_MS / 4);
    await closed;
    clearInterval(renewal);
    if (session === mine) session = undefined;
  }

  /** Answers what is finished and fits the window to the room, one turn at a time. */
  function settle(mine: Session): void {
    mine.isUnsettled = true;
    mine.settling ??= turn(mine)
      .catch((thrown: unknown) => {
        if (mine.channel.active) logger.warn({ queue, reason: messageOf(thrown) }, 'Failed to answer messages.');
        return mine.channel.close(); // what was not answered is sent again
      })
      .finally(() => {
        mine.settling = null;
        if (mine.isUnsettled && mine.channel.active) settle(mine);
      });
  }

  async function turn(mine: Session): Promise<void> {
    while (mine.isUnsettled && mine.channel.active) {
      mine.isUnsettled = false;
      const { window } = mine;
      const finished = mine.answers.filter((each) => each.window === window).length;
      if (window !== null && window.size - window.unanswered + finished > places()) await close(mine, window);
      answer(mine);
      const wanted = places();
      if (mine.window !== null && wanted > mine.window.size - mine.window.unanswered) await close(mine, mine.window);
      if (mine.window === null && places() > 0) await open(mine, places());
    }
  }

  async function open(mine: Session, size: number): Promise<void> {
    const { channel } = mine;
    await answered(channel.basicQos({ prefetchCount: size }));
    const window = { tag: newId('take'), size, unanswered: 0 };
    mine.window = window;
    await answered(channel.basicConsume({ queue, consumerTag: window.tag }, (message) => take(mine, window, message)));
  }

  /** What is on its way when the broker hears of it arrives before its answer, and is handed over one turn later. */
  async function close(mine: Session, window: Window): Promise<void> {
    await answered(mine.channel.basicCancel({ consumerTag: window.tag }));
    await new Promise(setImmediate);
    mine.window = null;
  }

  function take(mine: Session, window: Window, message: AsyncMessage): void {
    if (!mine.channel.active) return;
    window.unanswered += 1;
    mine.since = performance.now();
    const handling = options.handle(message).then((verdict) => {
      running.delete(handling);
      mine.answers.push({ window, deliveryTag: message.deliveryTag, verdict });
      settle(mine);
      if (session !== undefined && session !== mine) settle(session);
    });
    running.add(handling);
  }

  function answer(mine: Session): void {
    for (const { window, deliveryTag, verdict } of mine.answers.splice(0)) {
      window.unanswered -= 1;
      if (verdict === 'done') mine.channel.basicAck({ deliveryTag });
      else mine.channel.basicNack({ deliveryTag, requeue: verdict === 'again' });
    }
  }

  return {
    attach: (connection) => {
      if (stopping.signal.aborted || attached?.connection === connection) return;
      attached?.left.abort();
      const left = new AbortController();
      attached = { connection, left };
      void keepConsuming(connection, left.signal);
    },
    detach: () => {
      attached?.left.abort();
      attached = undefined;
    },
    roomChanged: () => {
      if (session !== undefined) settle(session);
    },
    stop: async () => {
      stopping.abort();
      if (session !== undefined) settle(session);
      await Promise.allSettled(running);
      const last = session;
      if (last === undefined) return;
      while (last.settling !== null) await last.settling;
      await last.channel.close();
    },
  };
}

async function answered<T>(asking: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(ANSWER_WITHIN_MS, done.signal).then((): never => {
    throw new Error(`the broker did not answer within ${ANSWER_WITHIN_MS / 1000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([asking, late]);
  } finally {
    done.abort();
  }
}
