import { randomBytes } from 'node:crypto';
import { type Db, connect } from '../../../src/store/index.ts';
import { withFolder } from '../folder.ts';
import { familyOf, postmasterOf, processorTime } from '../processes.ts';
import type { RequestPlan } from '../requests.ts';
import { type ServerProcess, startServer } from '../server-process.ts';
import { countLabelled } from '../store.ts';
import { REPOSITORY, connectionOf } from '../world.ts';

export const SECTION = 'intake';
export const LABEL = 'coding agent';
const FIRST_ISSUE = 100_000_000;
/** More than any round sends. */
const ISSUES_PER_ROUND = 1_000_000;

/** A server that only receives webhooks, on an empty database of its own. */
export interface Receiver {
  readonly server: ServerProcess;
  readonly secret: string;
  /** Labelled issues that were never told of before. */
  newIssues(): Extract<RequestPlan, { kind: 'labelled' }>;
  /** Milliseconds of the processor that the server and its PostgreSQL have used so far. */
  processorTimes(): Promise<{ readonly node: number; readonly postgres: number }>;
  /** Throws unless as many deliveries as were answered are stored with their whole bodies, each with a task. */
  expectStored(answered: number): Promise<void>;
}

/** Runs `work` with a server of the role webhook; a profile of it is written when a folder is named. */
export async function withReceiver<T>(profile: string | null, work: (receiver: Receiver) => Promise<T>): Promise<T> {
  return withFolder(async (dataDir) => {
    const secret = randomBytes(24).toString('hex');
    const server = await startServer({ dataDir, secret, role: 'webhook', profile });
    try {
      const db = connect(await connectionOf(server.dataDir), { max: 1, name: 'bench' });
      const postmaster = await postmasterOf(server.dataDir);
      if (postmaster === undefined) throw new Error(`no PostgreSQL runs on ${server.dataDir}`);
      try {
        return await work(receiverOf(server, { secret, db, postmaster }));
      } finally {
        await db.destroy();
      }
    } finally {
      await server.stop();
    }
  });
}

function receiverOf(
  server: ServerProcess,
  { secret, db, postmaster }: { readonly secret: string; readonly db: Db; readonly postmaster: number },
): Receiver {
  let first = FIRST_ISSUE - ISSUES_PER_ROUND;
  return {
    server,
    secret,
    newIssues: () => {
      first += ISSUES_PER_ROUND;
      const told = { repository: REPOSITORY, label: LABEL, first };
      return { kind: 'labelled', path: '/webhook/github', secret, ...told, repeats: false };
    },
    processorTimes: async () => ({
      node: await processorTime([server.pid]),
      postgres: await processorTime(await familyOf(postmaster)),
    }),
    expectStored: async (answered) => {
      const { deliveries, whole, tasks } = await countLabelled(db);
      if (deliveries === answered && whole === answered && tasks === answered) return;
      throw new Error(
        `${answered} deliveries were answered with 200, ${deliveries} are stored, ${whole} with their whole body, and ` +
          `${tasks} with a task`,
      );
    },
  };
}
