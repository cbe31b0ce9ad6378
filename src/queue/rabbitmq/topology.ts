import type { Connection } from 'rabbitmq-client';
import { type BrokerPlace, troubleOf } from './troubles.ts';

/** After so many deliveries that nobody acknowledged, because consumers died of it, a message is a dead letter. */
const DELIVERY_LIMIT = 20;

export interface Topology {
  /** Name on the broker of a job queue. */
  nameOf(queue: string): string;
  deadNameOf(queue: string): string;
  /** Makes what is missing. Throws `FUN_BROKER_QUEUE_DIFFERS` for a queue that is there with other arguments. */
  declare(connection: Connection, queue: string): Promise<void>;
}

/**
 * `<prefix>.<queue>`, a quorum queue; what it gives up goes through the exchange `<prefix>.dead` into `<prefix>.<queue>.dead`.
 * All of it survives restarts of the broker.
 */
export function createTopology(prefix: string, place: BrokerPlace): Topology {
  const exchange = `${prefix}.dead`;
  const nameOf = (queue: string) => `${prefix}.${queue}`;
  const deadNameOf = (queue: string) => `${nameOf(queue)}.dead`;
  return {
    nameOf,
    deadNameOf,
    declare: async (connection, queue) => {
      const name = nameOf(queue);
      const dead = deadNameOf(queue);
      let declaring = exchange;
      try {
        const channel = await connection.acquire({ emitErrorsFromChannel: true });
        channel.on('error', () => {}); // what it refuses rejects the call as well
        await channel.exchangeDeclare({ exchange, type: 'direct', durable: true });
        declaring = dead;
        await channel.queueDeclare({ queue: dead, durable: true, arguments: { 'x-queue-type': 'quorum' } });
        await channel.queueBind({ queue: dead, exchange, routingKey: name });
        declaring = name;
        await channel.queueDeclare({ queue: name, durable: true, arguments: argumentsOf(exchange, name) });
        await channel.close();
      } catch (thrown) {
        throw troubleOf(thrown, place, declaring);
      }
    },
  };
}

function argumentsOf(exchange: string, name: string) {
  return {
    'x-queue-type': 'quorum' as const,
    'x-delivery-limit': DELIVERY_LIMIT,
    'x-dead-letter-exchange': exchange,
    'x-dead-letter-routing-key': name,
  };
}
