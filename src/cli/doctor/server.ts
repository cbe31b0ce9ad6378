import { connect } from 'node:net';
import { z } from 'zod';
import { appView, componentView, healthView, pageOf } from '../../api/contract/index.ts';
import { isFunadeError, messageOf } from '../../kernel/index.ts';
import { type Client, ProblemError } from '../client.ts';
import { type Connection, isLoopback } from '../connection.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { Check } from '../render/checks.ts';
import { checkAgent } from './agent.ts';
import { checkSources } from './sources.ts';

/** Who is not known to the server gets no detail. */
const publicHealth = healthView.extend({ components: z.array(componentView.partial({ detail: true })) });

/** Whether the server answers, what it says of its parts, and whether the token is accepted. */
export async function checkServer(context: Context, connection: Connection): Promise<readonly Check[]> {
  const client = await context.client();
  const name = context.text('doctor.server');
  try {
    const health = await client.probe('/healthz', publicHealth);
    const finding = context.text('doctor.serverOk', { server: client.server, version: health.version });
    const token = await checkToken(context, client, connection);
    return [
      { name, status: 'ok', finding, fix: null },
      ...health.components.map((component): Check => {
        const status = ({ ok: 'ok', degraded: 'warn', down: 'fail' } as const)[component.status];
        const fix = status === 'ok' ? null : context.text('doctor.componentFix');
        const called = context.text('doctor.component', { name: component.name });
        return { name: called, status, finding: component.detail ?? component.status, fix };
      }),
      token,
      ...(token.status === 'ok'
        ? [...(await checkSources(context, client)), ...(await checkAgent(context, client))]
        : []),
    ];
  } catch (thrown) {
    return [await absence(context, client, thrown)];
  }
}

async function checkToken(context: Context, client: Client, connection: Connection): Promise<Check> {
  const { text } = context;
  const name = text('doctor.token');
  if (connection.token === null) {
    const finding = text('doctor.tokenNone', { file: connection.tokenFile });
    return { name, status: 'fail', finding, fix: text('doctor.tokenFix') };
  }
  try {
    await client.get('/api/v1/apps', pageOf(appView), { limit: 1 });
    return { name, status: 'ok', finding: text('doctor.tokenOk'), fix: null };
  } catch (thrown) {
    const finding = text('doctor.tokenRefused', { reason: messageOf(thrown) });
    return { name, status: 'fail', finding, fix: text('doctor.tokenFix') };
  }
}

/** Not running is fine before the first start; another program on the port is not. */
async function absence(context: Context, client: Client, thrown: unknown): Promise<Check> {
  const { text } = context;
  const { server } = client;
  const name = text('doctor.server');
  const reason = messageOf(thrown);
  if (thrown instanceof ProblemError) {
    return { name, status: 'fail', finding: thrown.problem.detail, fix: thrown.problem.fix };
  }
  const unreachable =
    isFunadeError(thrown) && thrown.code === 'FUN_SERVER_UNREACHABLE' && thrown.exitCode === EXIT.unreachable;
  if (!unreachable || (await answers(server))) {
    const finding = text('doctor.serverOther', { server, reason });
    return { name, status: 'fail', finding, fix: text('doctor.serverOtherFix') };
  }
  if (isLoopback(server)) {
    const finding = text('doctor.serverOff', { server });
    return { name, status: 'warn', finding, fix: text('doctor.serverOffFix') };
  }
  const finding = text('doctor.serverAway', { server, reason });
  return { name, status: 'fail', finding, fix: text('doctor.serverAwayFix') };
}

/** Whether anything accepts a connection at that address. */
function answers(server: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replace(/^\[|\]$/gu, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80), timeout: 2000 });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
