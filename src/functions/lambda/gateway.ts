import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type FunadeError, type Logger, isFunadeError, messageOf } from '../../kernel/index.ts';
import type { EventInvocations } from '../events/event-invocations.ts';
import type { Invoked, Invoker } from '../invoke/invoker.ts';
import type { Gateway } from '../invoke/http-gateway.ts';
import { type InvokeAnswer, type InvokeFault, answerOf, apiFaultAnswer } from './answers.ts';
import { BodyFault, bodyOf } from './body.ts';
import { createLogTail } from './log-tail.ts';
import { outcomeOf } from './outcomes.ts';
import { type Invocation, parseInvocation } from './requests.ts';
import { createSignatureVerifier } from './sigv4.ts';
import { createStreamAnswer } from './stream-answer.ts';

/** Who may call functions; `compose.ts` fills it. */
export interface LambdaAccess {
  /** Secret of an access key; null when there is none. */
  secretOf(accessKeyId: string): Promise<string | null>;
  /** Whom an access key or a bearer token lets call functions; null when nobody may by it. */
  callerOfKey(accessKeyId: string): Promise<LambdaCaller | null>;
  callerOfToken(token: string): Promise<LambdaCaller | null>;
}

export interface LambdaCaller {
  readonly user: string;
  /** What their calls are counted by. */
  readonly tokenId: string;
}

/** Calls that a token may make, over this API and others. */
export interface CallRate {
  /** Takes one; when there is none left, the seconds until there are some again. */
  take(tokenId: string): { readonly seconds: number } | null;
}

export interface LambdaGatewayOptions {
  readonly access: LambdaAccess;
  readonly callRate?: CallRate;
  readonly invoker: Invoker;
  readonly events: EventInvocations;
  readonly isAccepting: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newRequestId: () => string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly caller: { gone: boolean };
}

/** Bytes of the payload of an `Event`. */
const EVENT_LIMIT = 1024 * 1024;
/** Headers that change what is done: they count only when they are signed. */
const SIGNED = ['x-amz-invocation-type', 'x-amz-log-type', 'x-amz-client-context'];
const BEARER = /^Bearer +(\S+)$/i;

/** Serves the Invoke API of AWS Lambda; requests whose path begins with the date of one of its versions. */
export function createLambdaGateway(options: LambdaGatewayOptions): Gateway {
  const { access, clock } = options;
  const verifier = createSignatureVerifier({ service: 'lambda', secretOf: access.secretOf, mustBeSigned: SIGNED });

  return function lambdaGateway(request, response) {
    const exchange = { request, response, requestId: options.newRequestId(), caller: { gone: false } };
    response.once('close', () => {
      exchange.caller.gone = !response.writableFinished;
    });
    void serve(exchange).catch((thrown: unknown) => {
      options.logger.error(
        { requestId: exchange.requestId, reason: messageOf(thrown) },
        'Failed to serve an invocation.',
      );
      refuse(exchange, { code: 'INTERNAL', message: 'The request was not served.' });
    });
  };

  async function serve(exchange: Exchange): Promise<void> {
    if (!options.isAccepting()) return refuse(exchange, { code: 'SHUTTING_DOWN', message: 'This server stops.' });
    const body = bodyOf(exchange.request);
    try {
      await serveKnown(exchange, body);
    } catch (thrown) {
      if (thrown instanceof BodyFault) return refuseBody(exchange, thrown);
      if (!isFunadeError(thrown)) throw thrown;
      refuse(exchange, { code: codeOf(thrown), message: thrown.message });
    }
  }

  /** The body comes last: nothing of it is kept for callers who are unknown, wrong, or have called too often. */
  async function serveKnown(exchange: Exchange, body: () => Promise<Buffer>): Promise<void> {
    const caller = await identify(exchange, body);
    if (caller === null) return;
    const { method = 'POST', url = '/', headers } = exchange.request;
    const called = parseInvocation(method, url, headers);
    if (called.kind === 'fault') return send(exchange, apiFaultAnswer(called, exchange.requestId));
    const over = options.callRate?.take(caller.tokenId) ?? null;
    if (over !== null) return throttle(exchange, over.seconds);
    await act(exchange, called, { body: await body(), user: caller.user });
  }

  /** Null when the request was refused. */
  async function identify(exchange: Exchange, body: () => Promise<Buffer>): Promise<LambdaCaller | null> {
    const { method = 'POST', url = '/', headers, headersDistinct } = exchange.request;
    const token = BEARER.exec(headers.authorization ?? '')?.[1];
    if (token !== undefined) {
      const caller = await access.callerOfToken(token);
      if (caller === null) refuse(exchange, { code: 'UNAUTHENTICATED', message: 'The token may not call functions.' });
      return caller;
    }
    const verdict = await verifier.verify({ method, target: url, headers: headersDistinct, body }, clock.now());
    if (verdict.kind === 'valid') {
      const caller = await access.callerOfKey(verdict.accessKeyId);
      if (caller === null) refuse(exchange, { code: 'FORBIDDEN', message: 'This access key may not call functions.' });
      return caller;
    }
    const { message, errorType } = verdict;
    send(exchange, apiFaultAnswer({ status: 403, type: errorType, message }, exchange.requestId));
    return null;
  }

  function act(
    exchange: Exchange,
    called: Invocation,
    given: { readonly body: Buffer; readonly user: string },
  ): Promise<void> {
    if (called.invocationType === 'DryRun') return tryDry(exchange, called);
    if (called.invocationType === 'Event') return accept(exchange, called, given);
    return called.operation === 'Invoke' ? invoke(exchange, called, given.body) : stream(exchange, called, given.body);
  }

  async function tryDry(exchange: Exchange, called: Invocation): Promise<void> {
    await options.invoker.check(called.functionName, called.qualifier);
    send(exchange, answerOf({ kind: 'dry_run' }, { requestId: exchange.requestId, version: null, log: null }));
  }

  async function accept(
    exchange: Exchange,
    called: Invocation,
    given: { readonly body: Buffer; readonly user: string },
  ): Promise<void> {
    if (given.body.length > EVENT_LIMIT) {
      return refuse(exchange, { code: 'PAYLOAD_TOO_LARGE', message: 'The payload of an Event has more than 1 MB.' });
    }
    if (!isJson(given.body))
      return refuse(exchange, { code: 'INVALID_JSON', message: 'Could not parse the payload as JSON.' });
    const { id } = await options.events.accept({
      name: called.functionName,
      qualifier: called.qualifier,
      payload: given.body,
      clientContext: called.clientContext,
      idempotencyKey: headerOf(exchange.request, 'idempotency-key'),
      by: given.user,
    });
    send(exchange, answerOf({ kind: 'accepted' }, { requestId: id, version: null, log: null }));
  }

  async function invoke(exchange: Exchange, called: Invocation, body: Buffer): Promise<void> {
    const tail = called.wantsLog ? createLogTail() : null;
    const invoked = await options.invoker.invoke({
      ...callOf(exchange, called, body),
      ...(tail === null ? {} : { heard: tail.hear }),
    });
    const log = tail === null ? null : await tail.read();
    const context = { requestId: exchange.requestId, version: invoked.version, log };
    if (invoked.outcome.kind === 'abandoned') return;
    send(exchange, answerOf(outcomeOf(invoked.outcome), context), originOf(invoked));
  }

  async function stream(exchange: Exchange, called: Invocation, body: Buffer): Promise<void> {
    const tail = called.wantsLog ? createLogTail() : null;
    const answer = createStreamAnswer(exchange.response, exchange.requestId);
    const { outcome, version } = await options.invoker.invoke({
      ...callOf(exchange, called, body),
      sink: answer.sink,
      ...(tail === null ? {} : { heard: tail.hear }),
    });
    if (outcome.kind === 'abandoned') return;
    await answer.end(outcome, { version, log: tail === null ? null : await tail.read() });
  }

  function callOf({ requestId, caller, request }: Exchange, called: Invocation, body: Buffer) {
    const { functionName: name, qualifier, clientContext } = called;
    const stickyKey = headerOf(request, 'x-funade-sticky-key') ?? undefined;
    return {
      requestId,
      name,
      qualifier,
      body,
      caller,
      stickyKey,
      ...(clientContext === undefined ? {} : { clientContext }),
    };
  }

  function refuseBody(exchange: Exchange, { reason }: BodyFault): void {
    if (reason === 'aborted') return;
    refuse(exchange, { code: 'PAYLOAD_TOO_LARGE', message: 'The payload has more than 6 MB.' });
  }

  function throttle(exchange: Exchange, seconds: number): void {
    const fault = {
      ...{ status: 429, type: 'TooManyRequestsException', Reason: 'CallerRateLimitExceeded' },
      message: `This token has made all the calls of this minute; there are more in ${seconds} s.`,
    };
    send(exchange, apiFaultAnswer(fault, exchange.requestId), { 'Retry-After': String(seconds) });
  }

  function refuse(exchange: Exchange, { code, message }: Pick<InvokeFault, 'code' | 'message'>): void {
    const fault = { kind: 'fault', code, errorType: '', message, trace: [] } as const;
    send(exchange, answerOf(fault, { requestId: exchange.requestId, version: null, log: null }));
  }

  function send({ response }: Exchange, answer: InvokeAnswer, more: Readonly<Record<string, string>> = {}): void {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(answer.status, { ...answer.headers, ...more });
    response.end(answer.body);
  }
}

function originOf({ version, alias }: Invoked): Readonly<Record<string, string>> {
  return { 'x-funade-version': version, 'x-funade-alias': alias };
}

function codeOf(thrown: FunadeError): InvokeFault['code'] {
  switch (thrown.code) {
    case 'FUN_NOT_FOUND':
      return 'NOT_FOUND';
    case 'FUN_UNAVAILABLE':
      return 'NO_CAPACITY';
    case 'FUN_CONFLICT':
      return 'CONFLICT';
    default:
      return 'INTERNAL';
  }
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Empty is an event without members. */
function isJson(body: Buffer): boolean {
  if (body.length === 0) return true;
  try {
    JSON.parse(body.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
