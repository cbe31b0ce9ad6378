import { once } from 'node:events';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { REPOSITORY } from '../world.ts';
import { LABEL } from './receiver.ts';

/** The API of a GitHub on which every issue exists, is open, and was labelled by an owner of the repository. */
export interface Forge {
  readonly url: string;
  stop(): Promise<void>;
}

interface Call {
  /** Number of the issue or id of the comment; 0 without one. */
  readonly number: number;
  /** What else the path names, and the members of the body. */
  readonly name: string;
  readonly body: { readonly labels?: readonly string[]; readonly body?: string };
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const AT = '2026-01-02T03:04:05Z';
const OWNER = { login: 'Codertocat', id: 21_031_067, type: 'User' } as const;
const SELF = { login: 'funade-bench', id: 1, type: 'User' } as const;
const BASE = String.raw`^(?:/repos/${REPOSITORY}|/repositories/\d+)`;

export async function startForge(): Promise<Forge> {
  const routes = routesOver(new Map());
  const server = createServer((request, response) => {
    void answerTo(routes, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Route = readonly [method: string, path: RegExp, answer: (call: Call) => Answer];

/** `labels`: of the issues that were changed so far; the others have the one that asks for a task. */
function routesOver(labels: Map<number, Set<string>>): readonly Route[] {
  let comments = 0;
  function labelsOf(number: number): Set<string> {
    const known = labels.get(number) ?? new Set([LABEL]);
    labels.set(number, known);
    return known;
  }
  const asLabels = (number: number) => [...labelsOf(number)].map((name) => ({ name }));
  const commentOf = (id: number, body = '') => ({
    ...{ id, body, user: SELF, created_at: AT, updated_at: AT },
    html_url: `https://github.com/${REPOSITORY}/issues/1#issuecomment-${id}`,
  });
  return [
    ['GET', /^\/user$/, () => ok(SELF)],
    ['GET', inRepository('$'), () => ok(REPOSITORY_ANSWER)],
    ['GET', inRepository(String.raw`/issues/(\d+)$`), ({ number }) => ok(issueOf(number, asLabels(number)))],
    [
      'GET',
      inRepository(String.raw`/issues/(\d+)/events$`),
      ({ number }) => ok([{ id: number, event: 'labeled', label: { name: LABEL }, actor: OWNER, created_at: AT }]),
    ],
    [
      'DELETE',
      inRepository(String.raw`/issues/(\d+)/labels/([^/]+)$`),
      ({ number, name }) =>
        labelsOf(number).delete(name)
          ? ok(asLabels(number))
          : { status: 404, body: { message: 'Label does not exist' } },
    ],
    [
      'POST',
      inRepository(String.raw`/issues/(\d+)/labels$`),
      ({ number, body }) => {
        for (const name of body.labels ?? []) labelsOf(number).add(name);
        return ok(asLabels(number));
      },
    ],
    ['GET', inRepository(String.raw`/issues/(\d+)/comments$`), () => ok([])],
    [
      'POST',
      inRepository(String.raw`/issues/(\d+)/comments$`),
      ({ body }) => ({ status: 201, body: commentOf((comments += 1), body.body) }),
    ],
    [
      'PATCH',
      inRepository(String.raw`/issues/comments/(\d+)$`),
      ({ number, body }) => ok(commentOf(number, body.body)),
    ],
    [
      'GET',
      inRepository('/collaborators/[^/]+/permission$'),
      () => ok({ permission: 'admin', role_name: 'admin', user: OWNER }),
    ],
  ];
}

function inRepository(rest: string): RegExp {
  return new RegExp(BASE + rest);
}

function ok(body: object): Answer {
  return { status: 200, body };
}

async function answerTo(routes: readonly Route[], request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  for (const [method, pattern, answer] of routes) {
    const found = request.method === method ? pattern.exec(path) : null;
    if (found === null) continue;
    const body = text === '' ? {} : (JSON.parse(text) as Call['body']);
    return answer({ number: Number(found[1] ?? 0), name: decodeURIComponent(found[2] ?? ''), body });
  }
  console.error(`  the GitHub of this measurement does not know ${request.method} ${path}`);
  return { status: 404, body: { message: 'Not Found' } };
}

const REPOSITORY_ANSWER = {
  ...{ id: 186_853_002, full_name: REPOSITORY, default_branch: 'main', private: false, archived: false },
  ...{ html_url: `https://github.com/${REPOSITORY}`, clone_url: `https://github.com/${REPOSITORY}.git` },
  ssh_url: `git@github.com:${REPOSITORY}.git`,
} as const;

function issueOf(number: number, labels: readonly object[]): object {
  return {
    ...{ id: number, number, labels, state: 'open', title: 'Spelling error', body: 'It is misspelt.' },
    ...{ user: OWNER, assignees: [], created_at: AT, updated_at: AT },
    html_url: `https://github.com/${REPOSITORY}/issues/${number}`,
  };
}
