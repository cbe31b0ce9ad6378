/** Real servers with agents at work, on one database, with a GitHub and a GitLab of our own that have real git behind them. */
import { mkdtemp, chmod, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { type TaskState, hasTaskEnded } from '../src/agent/index.ts';
import { sleep } from '../src/kernel/index.ts';
import type { Db } from '../src/store/index.ts';
import { type ServerProcess, createServerProcess, freePort } from '../tools/chaos/server-process.ts';
import type { FakeFiles, FakeGit } from './fakes/forge/git.ts';
import type { FakeComment, FakeRepository, FakeSubject } from './fakes/forge/world.ts';
import { type FakeGithub, startGithub } from './fakes/github-server.ts';
import { type FakeGitlab, startGitlab } from './fakes/gitlab-server.ts';
import { type DatabaseOnPort, openDatabaseOnPort } from './postgres-port.ts';

export const TRIGGER = 'coding agent';
/** Limits for what hangs, not for what is slow. */
export const PATIENCE = { timeout: 300_000, interval: 200 };
export const SEVERAL_MINUTES = 900_000;

const HOOK_SECRET = 'the secret of the hooks of this test';
const SCRIPTED_AGENT = fileURLToPath(new URL('fixtures/agents/script.mjs', import.meta.url));
const READY_WITHIN = 120_000;
const STOP_WITHIN = 60_000;

/** One step of the scripted agent: see `test/fixtures/agents/script.mjs`. */
export type Step = Readonly<Record<string, unknown>>;
export type Script = Readonly<Partial<Record<'plan' | 'work' | 'resume' | 'feedback', readonly Step[]>>>;

export interface TaskOfTest {
  readonly id: string;
  readonly state: TaskState;
  readonly reason: string | null;
  readonly attempts: number;
  readonly failures: number;
  readonly generation: number;
  readonly branch: string | null;
  readonly head_sha: string | null;
  readonly change_number: number | null;
  readonly note: string | null;
  readonly detail: string | null;
  readonly not_before: Date | null;
  readonly worker: string | null;
  readonly steered_by: string | null;
}

export interface AgentProcesses {
  readonly github: FakeGithub;
  readonly gitlab: FakeGitlab;
  readonly database: DatabaseOnPort;
  readonly db: Db;
  readonly folder: string;
  /** Server of a role, ready; the first one is where webhooks go. One of the same name has the port and data of the one before. */
  start(role: string, options?: { readonly name?: string; readonly settings?: Settings }): Promise<ServerProcess>;
  /** With git, a hook, and mona who may write; outsiders may read. */
  repository(name: string, files?: FakeFiles, forge?: 'github' | 'gitlab'): RepositoryOfTest;
  /** Its latest one. */
  task(subject: FakeSubject): Promise<TaskOfTest | undefined>;
  /** Until the latest task of a subject is in this state; answers it. Fails at once when it has ended otherwise. */
  until(subject: FakeSubject, state: TaskState): Promise<TaskOfTest>;
  /** Until the agent of a subject waits for a file in its home (`ever`: it hangs). */
  waiting(subject: FakeSubject, name: string): Promise<void>;
  /** Puts that file there. */
  letGo(subject: FakeSubject, name: string): Promise<void>;
  /** Everything that the agents of a task said, by the API. */
  log(subject: FakeSubject): Promise<string>;
  /** What its agents were told, in their order. */
  prompts(subject: FakeSubject): Promise<readonly { readonly kind: string; readonly prompt: string }[]>;
  /** As owner, below `/api/v1`. */
  api(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  /** The pause before the next attempt is over. */
  hasten(subject: FakeSubject): Promise<void>;
  /** That nothing that was sent was wrong, and everything that was pushed is by our account, below the prefix and not forced. */
  check(): void;
  stop(): Promise<void>;
}

export type Settings = Readonly<Record<string, string>>;

export interface RepositoryOfTest {
  readonly repository: FakeRepository;
  readonly git: FakeGit;
  /** An issue of mona for the scripted agent, labelled for it. */
  issue(script: Script, settings?: { readonly labels?: readonly string[]; readonly title?: string }): FakeSubject;
  /** The same without the label. */
  draft(script: Script, settings?: { readonly labels?: readonly string[]; readonly title?: string }): FakeSubject;
  changes(): readonly FakeSubject[];
}

export async function createAgentProcesses(settings: Settings = {}): Promise<AgentProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-agent-'));
  await chmod(folder, 0o755);
  const [github, gitlab, database] = await Promise.all([startGithub(), startGitlab(), openDatabaseOnPort()]);
  const { db } = database;
  const environment = {
    DATABASE_URL: database.url,
    FUNADE_SECRETS_KEY: 'ab'.repeat(32),
    GITHUB_WEBHOOK_SECRET: HOOK_SECRET,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_PERSONAL_ACCESS_TOKEN: github.token,
    GITLAB_WEBHOOK_TOKEN: HOOK_SECRET,
    GITLAB_API_URL: gitlab.apiUrl,
    GITLAB_PERSONAL_ACCESS_TOKEN: gitlab.token,
    FUNADE_AGENT_RUNNER: 'command',
    FUNADE_AGENT_COMMAND: `node ${SCRIPTED_AGENT}`,
    FUNADE_AGENT_SLOTS: '8',
    FUNADE_POLLING_ENABLED: 'false',
    ...settings,
  };
  const known = new Map<string, ServerProcess>();
  const repositories: FakeRepository[] = [];
  let receiver: ServerProcess | undefined;

  async function processOf(name: string, role: string, more: Settings): Promise<ServerProcess> {
    const before = known.get(name);
    if (before !== undefined) return before;
    const port = await freePort();
    const made = createServerProcess({
      name,
      folder,
      port,
      environment: { ...environment, FUNADE_ROLE: role, ...more },
    });
    known.set(name, made);
    return made;
  }

  function server(): ServerProcess {
    if (receiver === undefined) throw new Error('no server was started');
    return receiver;
  }

  async function task({ repository, kind, number }: FakeSubject): Promise<TaskOfTest | undefined> {
    const { rows } = await sql<TaskOfTest>`
      select id, state, reason, attempts, failures, generation::int, branch, head_sha, change_number::int, note, detail, not_before,
             worker, steered_by
        from tasks where project_id = ${String(repository.id)} and kind = ${kind} and number = ${number}
       order by generation desc limit 1`.execute(db);
    return rows[0];
  }

  async function sure(subject: FakeSubject): Promise<TaskOfTest> {
    const found = await task(subject);
    if (found === undefined) throw new Error(`no task of ${subject.kind} ${subject.number}`);
    return found;
  }

  async function until(subject: FakeSubject, state: TaskState): Promise<TaskOfTest> {
    const told = async () => {
      const found = await task(subject);
      return found === undefined ? 'no task' : `${found.state} ${found.reason ?? ''}`.trim();
    };
    await poll(
      async () => {
        const found = await task(subject);
        return found !== undefined && (found.state === state || hasTaskEnded(found.state));
      },
      async () => `${subject.kind} ${subject.number} is not ${state}, but ${await told()}`,
    );
    if ((await task(subject))?.state !== state) {
      const { id } = await sure(subject);
      const { rows } =
        await sql`select number, outcome, reason, error_id from task_attempts where task = ${id}`.execute(db);
      expect(`${await told()} ${JSON.stringify(rows)}`).toBe(state);
    }
    return sure(subject);
  }

  /** Homes are made by whichever server works on the task. */
  async function homeOf(subject: FakeSubject): Promise<string | null> {
    const { id } = await sure(subject);
    for (const name of known.keys()) {
      const home = join(folder, name, 'agent', 'tasks', id, 'home');
      if ((await readdir(home).catch(() => null)) !== null) return home;
    }
    return null;
  }

  async function api(method: 'GET' | 'POST', path: string, body?: unknown) {
    const { url } = server();
    const [name] = [...known].find(([, each]) => each === receiver) ?? [''];
    const token = (await readFile(join(folder, name, 'secrets', 'owner-token'), 'utf8')).trim();
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as unknown };
  }

  async function log(subject: FakeSubject): Promise<string> {
    const { id } = await sure(subject);
    const parts: string[] = [];
    for (let after = 0; ;) {
      const { status, body } = await api('GET', `/tasks/${id}/log?after=${after}`);
      expect(status).toBe(200);
      const { text, next } = body as { readonly text: string; readonly next: number };
      parts.push(text);
      if (next === after) return parts.join('');
      after = next;
    }
  }

  return {
    github,
    gitlab,
    database,
    db,
    folder,
    start: async (role, { name = role, settings: more = {} } = {}) => {
      const process = await processOf(name, role, more);
      receiver ??= process;
      process.start();
      await process.ready(READY_WITHIN);
      return process;
    },
    repository: (name, files = { 'README.md': '# Greeter\n' }, forge = 'github') => {
      const world = forge === 'github' ? github : gitlab;
      const repository = world.addRepository({ fullName: name, git: files });
      repositories.push(repository);
      const { git } = repository;
      if (git === null) throw new Error('no git');
      world.setRole(repository, 'mona', 'write');
      world.setRole(repository, 'outsider', 'read');
      const events = forge === 'github' ? ['*'] : ['issues_events', 'merge_requests_events', 'note_events'];
      world.addHook(repository, `${server().url}/webhook/${forge}`, { events, secret: HOOK_SECRET });
      const draft: RepositoryOfTest['draft'] = (script, { labels = [], title = 'Greet in Japanese' } = {}) =>
        world.addIssue(repository, { title, labels, by: 'mona', body: `Please.\n\n${JSON.stringify(script)}\n` });
      return {
        repository,
        git,
        draft,
        issue: (script, more) => {
          const issue = draft(script, more);
          world.addLabel(issue, TRIGGER, 'mona');
          return issue;
        },
        changes: () => repository.subjects.filter(({ kind }) => kind === 'change'),
      };
    },
    task,
    until,
    waiting: async (subject, name) => {
      await until(subject, 'running');
      await poll(
        async () => {
          const home = await homeOf(subject);
          return home !== null && (await readdir(home)).includes(`waits-for-${name}`);
        },
        () => Promise.resolve(`the agent does not wait for ${name}`),
      );
    },
    letGo: async (subject, name) => {
      const home = await homeOf(subject);
      if (home === null) throw new Error('there is no home');
      await writeFile(join(home, name), '');
    },
    log,
    prompts: async (subject) =>
      (await log(subject))
        .split('\n')
        .filter((line) => line.startsWith('PROMPT '))
        .map((line) => JSON.parse(line.slice('PROMPT '.length)) as { readonly kind: string; readonly prompt: string }),
    api,
    hasten: async (subject) => {
      const { id } = await sure(subject);
      await sql`update tasks set not_before = now() where id = ${id}`.execute(db);
      // Any news makes a round of it.
      const world = subject.repository.cloneUrl.startsWith(gitlab.url) ? gitlab : github;
      world.comment(subject, 'Is there any news?', 'outsider');
    },
    check: () => {
      expect([...github.faults, ...gitlab.faults]).toEqual([]);
      for (const { ref, by, forced } of repositories.flatMap(({ pushes }) => pushes)) {
        expect(ref).toMatch(/^refs\/heads\/funade\//);
        expect(by.login).toBe('funade-bot');
        expect(forced).toBe(false);
      }
    },
    stop: async () => {
      await Promise.all([...known.values()].map((process) => process.stop(STOP_WITHIN)));
      await Promise.all([github.stop(), gitlab.stop()]);
      await database.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/**
 * As `expect.poll`, which can't be used between the tests of one file that run at the same time. A look that fails, for example because
 * the database is too busy for another connection, is looked at again.
 */
export async function poll(
  isTrue: () => boolean | Promise<boolean>,
  told: () => string | Promise<string>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE.timeout;
  let failure: unknown;
  for (;;) {
    try {
      if (await isTrue()) return;
      failure = undefined;
    } catch (thrown) {
      failure = thrown;
    }
    if (performance.now() > deadline)
      throw new Error(failure === undefined ? await told() : 'can not look', { cause: failure });
    await sleep(PATIENCE.interval);
  }
}

/** What Funade wrote below a subject: one comment, or a test is to fail. */
export function commentOf({ comments }: FakeSubject): FakeComment {
  const ours = comments.filter(({ author }) => author.login === 'funade-bot');
  expect(ours).toHaveLength(1);
  return ours[0]!;
}

/** Processes of this machine whose command line or environment has this word. */
export async function processesWith(word: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const said = await Promise.all(
        ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      );
      return said.some((text) => text.includes(word)) ? [pid] : [];
    }),
  );
  return found.flat();
}
