import type { Channel, Connection } from 'rabbitmq-client';
import { sleep } from '../../kernel/index.ts';
import type { Outgoing } from './store.ts';
import type { Topology } from './topology.ts';

/** Header that counts how often the handler of a message has thrown. */
export const TRIES_HEADER = 'x-funade-tries';

/** The broker does not answer: its connection is no good. */
export class Unanswered extends Error {}

export interface Published {
  /** Positions of what the broker has confirmed and put into a queue. */
  readonly confirmed: readonly number[];
  /** Why the others failed; null when there are none. */
  readonly failure: unknown;
}

export interface Publisher {
  publish(connection: Connection, messages: readonly Outgoing[]): Promise<Published>;
  close(): Promise<void>;
}

interface Lane {
  readonly connection: Connection;
  readonly channel: Channel;
  /** Ids of messages that came back because no queue took them. */
  readonly returned: Set<string>;
  readonly declared: Set<string>;
}

/** Publishes with confirms. A message that finds no queue is published once more after its queue has been declared again. */
export function createPublisher(options: { readonly topology: Topology; readonly patienceMs?: number }): Publisher {
  const { topology, patienceMs = 10_000 } = options;
  let lane: Lane | undefined;

  async function laneOn(connection: Connection): Promise<Lane> {
    if (lane?.connection === connection && lane.channel.active) return lane;
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    const opened = { connection, channel, returned: new Set<string>(), declared: new Set<string>() };
    channel.on('error', () => {}); // whoever waits for a confirmation is told
    channel.on('basic.return', ({ messageId }) => opened.returned.add(messageId ?? ''));
    await channel.confirmSelect();
    lane = opened;
    return opened;
  }

  /** Answers the messages whose queues are there. A queue that can't be had fails its own messages only. */
  async function declareAll(
    { connection, declared }: Lane,
    messages: readonly Outgoing[],
    failures: unknown[],
  ): Promise<readonly Outgoing[]> {
    for (const queue of new Set(messages.map((message) => message.queue))) {
      if (declared.has(queue)) continue;
      await topology.declare(connection, queue).then(
        () => declared.add(queue),
        (thrown: unknown) => failures.push(thrown),
      );
    }
    return messages.filter(({ queue }) => declared.has(queue));
  }

  async function send({ channel, returned }: Lane, message: Outgoing, deadline: Promise<never>): Promise<boolean> {
    returned.delete(message.id);
    const sending = channel.basicPublish(
      {
        exchange: '',
        routingKey: topology.nameOf(message.queue),
        mandatory: true,
        durable: true,
        messageId: message.id,
        headers: { [TRIES_HEADER]: message.tries },
      },
      message.data,
    );
    await Promise.race([sending, deadline]);
    // A message that no queue took is returned and then confirmed, but the library tells of the return one turn later.
    await new Promise(setImmediate);
    return !returned.delete(message.id);
  }

  async function sendAll(used: Lane, messages: readonly Outgoing[], deadline: Promise<never>): Promise<Sent> {
    const failures: unknown[] = [];
    const ready = await Promise.race([declareAll(used, messages, failures), deadline]);
    const results = await Promise.allSettled(ready.map((message) => send(used, message, deadline)));
    const sent: Sent = { confirmed: [], unroutable: [], failures };
    ready.forEach((message, place) => {
      const result = results[place];
      if (result === undefined) return;
      if (result.status === 'rejected') failures.push(result.reason);
      else if (result.value) sent.confirmed.push(message.position);
      else sent.unroutable.push(message);
    });
    return sent;
  }

  async function publishOn(
    connection: Connection,
    messages: readonly Outgoing[],
    deadline: Promise<never>,
  ): Promise<Published> {
    const used = await Promise.race([laneOn(connection), deadline]);
    const { confirmed, unroutable, failures } = await sendAll(used, messages, deadline);
    if (unroutable.length > 0) {
      // A channel remembers a quorum queue by its name: what it sends to a new one of that name may be confirmed and lost.
      if (lane === used) lane = undefined;
      used.channel.close().catch(() => {});
      const again = await sendAll(await Promise.race([laneOn(connection), deadline]), unroutable, deadline);
      confirmed.push(...again.confirmed);
      failures.push(...again.failures);
      if (again.unroutable.length > 0) failures.push(new Error('no queue takes the message'));
    }
    return { confirmed, failure: failures[0] ?? null };
  }

  return {
    publish: async (connection, messages) => {
      const done = new AbortController();
      const deadline = sleep(patienceMs, done.signal).then((): never => {
        throw new Unanswered(`no answer within ${patienceMs / 1000} s`);
      });
      deadline.catch(() => {});
      try {
        return await publishOn(connection, messages, deadline);
      } finally {
        done.abort();
      }
    },
    close: async () => {
      await lane?.channel.close();
    },
  };
}

interface Sent {
  readonly confirmed: number[];
  readonly unroutable: Outgoing[];
  readonly failures: unknown[];
}
