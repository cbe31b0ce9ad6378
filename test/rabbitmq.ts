import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from 'rabbitmq-client';

/** A real broker on ports of its own, with its data in a directory of its own. */
export interface RabbitMq {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Runs `use` on a connection of its own. */
  use<T>(use: (connection: Connection) => Promise<T>): Promise<T>;
  /** Messages that wait in a queue; throws when there is no such queue. */
  count(queue: string): Promise<number>;
  /** Resolves when it accepts clients; does nothing when it runs. */
  start(): Promise<void>;
  /** Ends it as an operator does; its data stays. */
  stop(): Promise<void>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
  /** Lets it hang: it holds its connections and answers nothing. */
  suspend(): void;
  resume(): void;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 90_000;

/** The server itself: what Debian puts into the path insists on the user `rabbitmq`. */
const SERVER = findServer();

/** Why tests with a broker are skipped; null where they run. In CI they run, and fail without a broker. */
export const RABBITMQ_MISSING =
  SERVER === undefined && process.env['CI'] !== 'true' ? 'SKIPPED: rabbitmq-server is not installed' : null;

function findServer(): string | undefined {
  const folders = ['/usr/lib/rabbitmq/bin', ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'rabbitmq-server')).find((path) => existsSync(path));
}

export async function startRabbitMq(): Promise<RabbitMq> {
  if (SERVER === undefined) throw new Error('rabbitmq-server is not installed');
  const directory = await mkdtemp(join(tmpdir(), 'funade-rabbitmq-'));
  const [port, distributionPort, mapperPort] = await freePorts(3);
  if (port === undefined || distributionPort === undefined || mapperPort === undefined)
    throw new Error('no free ports');
  const user = 'funade';
  const password = randomBytes(12).toString('hex');
  const environment = await furnish(directory, { port, distributionPort, mapperPort, user, password });
  // Unless it is there, the server starts the port mapper of Erlang as a daemon, which outlives the test.
  const mapper = spawn('epmd', ['-port', String(mapperPort), '-address', HOST], { stdio: 'ignore', env: environment });
  let server: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === undefined) return;
    const ending = server;
    server = undefined;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  }

  function killAll(): void {
    server?.kill('SIGKILL');
    mapper.kill('SIGKILL');
  }
  process.once('exit', killAll);

  async function use<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = new Connection({ hostname: HOST, port, username: user, password, acquireTimeout: 20_000 });
    connection.on('error', () => {});
    try {
      return await act(connection);
    } finally {
      await Promise.race([connection.close(), pause(2000, undefined, { ref: false })]);
      connection.unsafeDestroy();
    }
  }

  async function start(): Promise<void> {
    if (server !== undefined) return;
    const starting = spawn(SERVER ?? '', [], { cwd: directory, env: environment, stdio: 'ignore' });
    server = starting;
    const until = Date.now() + READY_WITHIN_MS;
    while (!(await accepts(port ?? 0))) {
      if (starting.exitCode !== null || Date.now() > until)
        throw new Error(`RabbitMQ did not start:\n${await readLog(directory)}`);
      await pause(100);
    }
  }

  const broker: RabbitMq = {
    ...{ host: HOST, port, user, password, use, start },
    count: (queue) => use(async (connection) => (await connection.queueDeclare({ queue, passive: true })).messageCount),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    suspend: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    close: async () => {
      server?.kill('SIGCONT');
      await end('SIGKILL');
      mapper.kill('SIGKILL');
      process.off('exit', killAll);
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  try {
    for (let tries = 0; tries < 200 && !(await isOpen(mapperPort)); tries += 1) await pause(100);
    await start();
    return broker;
  } catch (thrown) {
    await broker.close();
    throw thrown;
  }
}

interface Furniture {
  readonly port: number;
  readonly distributionPort: number;
  readonly mapperPort: number;
  readonly user: string;
  readonly password: string;
}

/** Writes what the server reads; answers its environment. */
async function furnish(directory: string, { port, user, password, ...ports }: Furniture): Promise<NodeJS.ProcessEnv> {
  const at = (name: string) => join(directory, name);
  for (const name of ['home', 'mnesia', 'log', 'schema', 'generated']) await mkdir(at(name));
  await writeFile(at('home/.erlang.cookie'), randomBytes(20).toString('hex'));
  await chmod(at('home/.erlang.cookie'), 0o400);
  await writeFile(at('plugins'), '[].\n');
  const settings = {
    'listeners.tcp.1': `${HOST}:${port}`,
    default_user: user,
    default_pass: password,
    'disk_free_limit.absolute': '1MB',
    'log.file.level': 'info',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  await writeFile(at('rabbitmq.conf'), lines.join(''));
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: at('home'),
    ERL_EPMD_PORT: String(ports.mapperPort),
    ERL_EPMD_ADDRESS: HOST,
    ERL_CRASH_DUMP: at('erl_crash.dump'),
    RUNNING_UNDER_SYSTEMD: 'true', // the script becomes the server, instead of waiting for it
    RABBITMQ_NODENAME: `funade-${randomBytes(4).toString('hex')}@localhost`,
    RABBITMQ_DIST_PORT: String(ports.distributionPort),
    RABBITMQ_MNESIA_BASE: at('mnesia'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_LOGS: at('log/rabbitmq.log'),
    RABBITMQ_CONFIG_FILE: at('rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: at('none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
    RABBITMQ_SCHEMA_DIR: at('schema'),
    RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
  };
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, HOST);
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) server.close();
  return ports;
}

/** The port opens before the server is ready; one that is answers a client's header at once. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.setTimeout(2000);
    socket.on('connect', () => socket.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1])));
    socket.on('data', () => settle(true));
    for (const event of ['error', 'timeout', 'close'] as const) socket.on(event, () => settle(false));
    function settle(answer: boolean): void {
      resolve(answer);
      socket.destroy();
    }
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function readLog(directory: string): Promise<string> {
  return readFile(join(directory, 'log', 'rabbitmq.log'), 'utf8').catch(() => 'it wrote no log');
}
