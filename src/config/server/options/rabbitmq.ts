import type { ServerOption } from '../option.ts';

/** The broker that can carry tasks. */
export const rabbitmqOptions = [
  {
    name: 'rabbitmq.enabled',
    kind: 'boolean',
    env: 'USE_RABBITMQ',
    flags: [],
    default: false,
    inFile: true,
    doc: {
      en: 'Whether tasks are announced through RabbitMQ; without it through PostgreSQL.',
      ja: 'タスクの通知に RabbitMQ を使うか。使わない場合は PostgreSQL。',
    },
  },
  {
    name: 'rabbitmq.host',
    kind: 'host',
    env: 'RABBITMQ_HOST',
    flags: [],
    default: '127.0.0.1',
    inFile: true,
    doc: {
      en: 'Host of RabbitMQ.',
      ja: 'RabbitMQ のホスト。',
    },
  },
  {
    name: 'rabbitmq.port',
    kind: 'port',
    env: 'RABBITMQ_PORT',
    flags: [],
    default: 5672,
    inFile: true,
    doc: {
      en: 'Port of RabbitMQ (AMQP).',
      ja: 'RabbitMQ のポート(AMQP)。',
    },
  },
  {
    name: 'rabbitmq.user',
    kind: 'text',
    env: 'RABBITMQ_USER',
    flags: [],
    default: 'guest',
    inFile: true,
    doc: {
      en: 'User on RabbitMQ.',
      ja: 'RabbitMQ のユーザー。',
    },
  },
  {
    name: 'rabbitmq.password',
    kind: 'secret',
    env: 'RABBITMQ_PASSWORD',
    flags: [],
    default: 'guest',
    minimum: 1,
    inFile: true,
    doc: {
      en: 'Password on RabbitMQ.',
      ja: 'RabbitMQ のパスワード。',
    },
  },
  {
    name: 'rabbitmq.queue',
    kind: 'text',
    env: 'RABBITMQ_QUEUE',
    flags: [],
    default: 'funade',
    inFile: true,
    doc: {
      en: 'Name that the queues on RabbitMQ begin with.',
      ja: 'RabbitMQ のキュー名の先頭部分。',
    },
  },
] as const satisfies readonly ServerOption[];
