/** The program of the peer that runs a handler's source in a new `node:vm` context for each request, behind express. */
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { createContext, runInContext } from 'node:vm';
import { NODEJS_HANDLER } from '../functions/sources.ts';
import { requirePeer } from './packages.ts';

interface Exchange {
  readonly request: { readonly body: string; readonly path: string; readonly method: string };
  readonly response: {
    status(code: number): Exchange['response'];
    set(headers: Readonly<Record<string, string>>): Exchange['response'];
    send(body: string): void;
  };
}

type Handler = (request: Exchange['request'], response: Exchange['response']) => void;

/** As much of express as is used here. */
interface Express {
  (): { post(path: string, ...handlers: readonly unknown[]): void; listen(port: number, host: string): Server };
  text(options: { readonly type: string }): unknown;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

process.once('message', () => {
  const express = requirePeer('express') as Express;
  const app = express();
  app.post('/echo', express.text({ type: 'application/json' }), serve);
  const server = app.listen(0, '127.0.0.1');
  server.once('listening', () => process.send?.({ port: (server.address() as AddressInfo).port }));
});
process.once('disconnect', () => process.exit(0));

const serve: Handler = (request, response) => {
  const event = { body: request.body, rawPath: request.path, httpMethod: request.method };
  const context = createContext({ event });
  const answer = runInContext(`${NODEJS_HANDLER}\nhandler(event);`, context, { timeout: 3000 }) as Answer;
  response.status(answer.statusCode).set(answer.headers).send(answer.body);
};
