import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../src/kernel/index.ts';
import { type Connection, type Db, connect, openDataDir, startEmbeddedPostgres } from '../../../src/store/index.ts';
import { type Asker, openAsker } from '../connection.ts';
import { withFolder } from '../folder.ts';
import type { Figure } from '../report.ts';
import { requestMaker } from '../requests.ts';
import { startServer } from '../server-process.ts';
import { quantile } from '../statistics.ts';
import { readClaim } from '../store.ts';
import { REPOSITORY } from '../world.ts';
import { startForge } from './forge.ts';
import { LABEL, SECTION } from './receiver.ts';

const DELIVERIES = 50;
/** Sent before: the first ones load what is loaded once. */
const WARM_UP = 3;
/** Milliseconds between the end of one delivery's way and the next delivery, so that nothing of it is still at work. */
const PAUSE = { least: 100, spread: 200 } as const;
/** Tasks at the same time: enough that none waits for another, since the consumer paces what it writes to the forge. */
const SLOTS = '64';
const CLAIMED_WITHIN = 30_000;
const LOOK_EVERY = 10;
const FIRST_ISSUE = 100_000_000;

/** What tells a consumer of a new task. */
export interface Transport {
  readonly name: string;
  /** Milliseconds that are wanted at most. */
  readonly limit: number;
  /** Settings of both processes. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Deliveries one by one into one process, and when another one has claimed their tasks. */
export async function measureClaims({ name, limit, settings }: Transport): Promise<Figure> {
  const times = await withRoles(settings, deliverAll);
  return {
    ...{ section: SECTION, name: `delivery → claimed elsewhere, ${name}`, unit: 'ms' },
    rounds: times,
    target: { limit, kind: 'at_most' },
    note:
      `${times.length} labelled issues one by one, from the first byte of the delivery until the consumer's claim by the ` +
      `clock of the database; p95 ${quantile(times, 0.95).toFixed(1)} ms`,
  };
}

interface Roles {
  /** To the process that receives. */
  readonly asker: Asker;
  readonly secret: string;
  readonly db: Db;
}

/** Runs `work` with a process that receives and one that consumes, on one database. */
async function withRoles<T>(settings: Transport['settings'], work: (roles: Roles) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const undo: (() => Promise<unknown>)[] = [];
    async function started<S>(thing: Promise<S>, end: (thing: S) => Promise<unknown>): Promise<S> {
      const made = await thing;
      undo.push(() => end(made));
      return made;
    }
    try {
      const secret = randomBytes(24).toString('hex');
      const dataDir = await openDataDir(await folderIn(folder, 'database'));
      const postgres = await started(startEmbeddedPostgres(dataDir, silentLogger), (each) => each.stop());
      const forge = await started(startForge(), (each) => each.stop());
      const shared = {
        ...{ DATABASE_URL: urlOf(postgres.connection), GITHUB_API_URL: forge.url },
        ...{
          FUNADE_AGENT_RUNNER: 'noop',
          FUNADE_AGENT_SLOTS: SLOTS,
          FUNADE_SECRETS_KEY: randomBytes(32).toString('hex'),
        },
        ...settings,
      };
      async function serve(role: string, own: Readonly<Record<string, string>>) {
        const options = { dataDir: await folderIn(folder, role), secret, role, settings: { ...shared, ...own } };
        return started(startServer(options), (each) => each.stop());
      }
      const webhook = await serve('webhook', {});
      await serve('consumer', { GITHUB_PERSONAL_ACCESS_TOKEN: randomBytes(20).toString('hex') });
      const db = connect(postgres.connection, { max: 1, name: 'bench' });
      undo.push(() => db.destroy());
      const asker = await openAsker(webhook.port);
      undo.push(async () => asker.close());
      return await work({ asker, secret, db });
    } finally {
      for (const step of undo.toReversed()) await step();
    }
  });
}

async function folderIn(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

async function deliverAll({ asker, secret, db }: Roles): Promise<readonly number[]> {
  const told = { repository: REPOSITORY, label: LABEL, first: FIRST_ISSUE, repeats: false };
  const next = requestMaker({ kind: 'labelled', path: '/webhook/github', secret, ...told });
  const times: number[] = [];
  for (let place = 0; place < WARM_UP + DELIVERIES; place += 1) {
    const request = next();
    const begun = Date.now();
    const { status } = await asker.ask(request);
    if (status !== 200) throw new Error(`a labelled issue was answered ${status}`);
    times.push((await claimOf(db, FIRST_ISSUE + place)) - begun);
    await sleep(PAUSE.least + Math.random() * PAUSE.spread);
  }
  return times.slice(WARM_UP);
}

/** When the task of an issue was claimed; PostgreSQL runs on this machine, so its clock is ours. */
async function claimOf(db: Db, number: number): Promise<number> {
  const deadline = Date.now() + CLAIMED_WITHIN;
  for (;;) {
    const claim = await readClaim(db, number);
    if (claim !== undefined) return claim.claimedAt;
    if (Date.now() > deadline) throw new Error(`issue ${number} was not claimed within ${CLAIMED_WITHIN} ms`);
    await sleep(LOOK_EVERY);
  }
}

/** The socket's directory goes into the query, since it is no host name. */
function urlOf({ host, port, user, password, database }: Connection): string {
  const place = new URLSearchParams({ host: host ?? '', port: String(port ?? 5432) });
  return `postgres://${user}:${password}@localhost/${database}?${place.toString()}`;
}
