import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeFiles } from '../../../test/fakes/forge/git.ts';
import type { FakeRepository, FakeSubject } from '../../../test/fakes/forge/world.ts';
import { startGithub } from '../../../test/fakes/github-server.ts';
import { startGitlab } from '../../../test/fakes/gitlab-server.ts';
import { withFolder } from '../folder.ts';
import { startServer } from '../server-process.ts';

export const SECTION = 'agent';
export const TRIGGER = 'coding agent';
export const PROCESSING = 'coding agent processing';
const DONE = 'coding agent done';
const PERSON = 'mona';
const WITHIN = 120_000;
const LOOK_EVERY = 5;
const EVENTS = { github: ['*'], gitlab: ['issues_events'] } as const;

export type ForgeName = keyof typeof EVENTS;
type Forge = Awaited<ReturnType<typeof startGithub>> | Awaited<ReturnType<typeof startGitlab>>;

/** A server that works on the issues of forges of our own, over real HTTP and git. */
export interface Place {
  forgeOf(name: ForgeName): Forge;
  /** A repository whose webhooks go to the server. */
  addRepository(forge: ForgeName, fullName: string, git: string | FakeFiles): FakeRepository;
  /** Address with the token of the server's account in it. */
  addressOf(repository: FakeRepository): string;
  /** Hands an issue over and answers when its label was put on (epoch ms). */
  hand(forge: ForgeName, issue: FakeSubject): number;
  /** Resolves when the issue has the label that says "done"; throws when it has failed, or that takes too long. */
  done(issue: FakeSubject): Promise<void>;
}

/** Runs `work` with one process of every role, whose agent is this shell command. */
export async function withPlace<T>(command: string, work: (place: Place) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const [github, gitlab] = await Promise.all([startGithub(), startGitlab()]);
    const secret = randomBytes(24).toString('hex');
    const dataDir = join(folder, 'server');
    await mkdir(dataDir);
    const settings = {
      ...{ GITHUB_API_URL: github.apiUrl, GITHUB_PERSONAL_ACCESS_TOKEN: github.token },
      ...{ GITLAB_API_URL: gitlab.apiUrl, GITLAB_PERSONAL_ACCESS_TOKEN: gitlab.token, GITLAB_WEBHOOK_TOKEN: secret },
      ...{ FUNADE_AGENT_RUNNER: 'command', FUNADE_AGENT_COMMAND: command, FUNADE_AGENT_UNTRUSTED: 'allow' },
      ...{ FUNADE_AGENT_SLOTS: '8', FUNADE_POLLING_ENABLED: 'false' },
    };
    try {
      const server = await startServer({ dataDir, secret, settings });
      try {
        return await work(placeOf({ github, gitlab }, { url: server.url, secret }));
      } finally {
        await server.stop();
      }
    } finally {
      await Promise.all([github.stop(), gitlab.stop()]);
    }
  });
}

function placeOf(
  forges: { readonly [name in ForgeName]: Forge },
  { url, secret }: { readonly url: string; readonly secret: string },
): Place {
  return {
    forgeOf: (name) => forges[name],
    addRepository: (name, fullName, git) => {
      const forge = forges[name];
      const repository = forge.addRepository({ fullName, git });
      forge.setRole(repository, PERSON, 'write');
      forge.addHook(repository, `${url}/webhook/${name}`, { events: [...EVENTS[name]], secret });
      return repository;
    },
    addressOf: ({ cloneUrl }) => {
      const address = new URL(cloneUrl);
      const isGitlab = cloneUrl.startsWith(forges.gitlab.url);
      address.username = isGitlab ? 'oauth2' : 'x-access-token';
      address.password = isGitlab ? forges.gitlab.token : forges.github.token;
      return address.href;
    },
    hand: (name, issue) => {
      const at = Date.now();
      forges[name].addLabel(issue, TRIGGER, PERSON);
      return at;
    },
    done: (issue) =>
      until(
        () => issue.labels.includes(DONE),
        () => `issue ${issue.number} of ${issue.repository.fullName} has the labels ${issue.labels.join(', ')}`,
      ),
  };
}

/** Looks every few milliseconds, so that the forges of this very process can answer meanwhile. */
export async function until(is: () => boolean, told: () => string): Promise<void> {
  const deadline = performance.now() + WITHIN;
  while (!is()) {
    if (performance.now() > deadline) throw new Error(told());
    await sleep(LOOK_EVERY);
  }
}
