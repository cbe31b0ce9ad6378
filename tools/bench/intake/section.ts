import { RABBITMQ_MISSING, startRabbitMq } from '../../../test/rabbitmq.ts';
import type { BenchOptions } from '../options.ts';
import type { Figure } from '../report.ts';
import { measureBurst } from './burst.ts';
import { measureClaims } from './claims.ts';
import { measureDeliveries } from './deliveries.ts';
import { measurePushes } from './pushes.ts';

/** Webhooks from their first byte to what they cause, part by part. */
export async function measureIntake(options: BenchOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const part of [measurePushes, measureDeliveries, measureBurst, measureClaimsOver]) {
    figures.push(...(await part(options)));
  }
  return figures;
}

async function measureClaimsOver(): Promise<readonly Figure[]> {
  const byDatabase = await measureClaims({ name: 'pg-boss', limit: 50, settings: {} });
  if (RABBITMQ_MISSING !== null) {
    console.error('  without RabbitMQ: rabbitmq-server is not installed');
    return [{ ...byDatabase, note: `${byDatabase.note}; without RabbitMQ: rabbitmq-server is not installed` }];
  }
  const broker = await startRabbitMq();
  try {
    const settings = {
      ...{ USE_RABBITMQ: 'true', RABBITMQ_HOST: broker.host, RABBITMQ_PORT: String(broker.port) },
      ...{ RABBITMQ_USER: broker.user, RABBITMQ_PASSWORD: broker.password },
    };
    return [byDatabase, await measureClaims({ name: 'RabbitMQ', limit: 60, settings })];
  } finally {
    await broker.close();
  }
}
