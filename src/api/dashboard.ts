import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiApp } from './app.ts';

const YEAR = 'public, max-age=31536000, immutable';
const HASHED = /[/\\]assets[/\\][^/\\]+-[\w-]{8,}\.\w+$/;
const MACHINE_PATHS = /^\/(?:api|fn|webhook|2015-03-31)(?:\/|$)/;

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Funade</title>
<body style="font: 16px/1.6 system-ui; max-width: 40em; margin: 4em auto; padding: 0 1em">
<h1>Funade is running; its dashboard is not built</h1>
<p>Build it with <code>npm run build:web</code>, then start Funade again.</p>
<p lang="ja">ダッシュボードはまだビルドされていません。<code>npm run build:web</code> の後に Funade を再起動してください。</p>
<p><a href="/healthz">/healthz</a></p></body></html>
`;

/** Serves the built dashboard at `/`, or a page that says how to build it; nothing in a process that has no dashboard (null). */
export interface Dashboard {
  /** Answers a GET that no route matched with the dashboard's page; `false` when it is not for the dashboard. */
  answer(request: FastifyRequest, reply: FastifyReply): boolean;
}

export function registerDashboard(app: ApiApp, webRoot: string | null): Dashboard {
  const root = webRoot !== null && existsSync(join(webRoot, 'index.html')) ? webRoot : null;
  if (root !== null) {
    void app.register(fastifyStatic, {
      root,
      index: 'index.html',
      cacheControl: false,
      setHeaders: (reply, path) => void reply.header('cache-control', HASHED.test(path) ? YEAR : 'no-cache'),
    });
  }
  return {
    answer: (request, reply) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false;
      const path = request.url.split('?')[0] ?? '/';
      if (webRoot === null || MACHINE_PATHS.test(path) || !wantsPage(request, path)) return false;
      if (root === null)
        void reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(NOT_BUILT);
      else void reply.sendFile('index.html');
      return true;
    },
  };
}

/** A missing script or image stays a 404: a page in its place would fail later and less clearly. */
function wantsPage(request: FastifyRequest, path: string): boolean {
  if (path === '/') return true;
  return (request.headers.accept ?? '').includes('text/html');
}
