import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Logger, messageOf } from '../../kernel/index.ts';
import type { Deployment } from '../hosting/deployment.ts';
import type { RoutedAlias } from '../hosting/host.ts';
import type { HostedFunction } from '../hosting/hosted-function.ts';
import type { VersionCounter } from '../metrics/counters.ts';
import { type Outcome, isVersionError } from '../outcome.ts';
import type { Authorize } from '../port.ts';
import { type ProblemCode, problemOf, sendProblem } from './problems.ts';
import { readBody } from './request-body.ts';
import { arnOf } from '../aliases/arn.ts';
import { type RequestTarget, describeRequest, parseTarget } from './request.ts';
import { createResponseSink, sendResult } from './response.ts';
import { stickyKey } from '../aliases/routing.ts';

export type Gateway = (request: IncomingMessage, response: ServerResponse) => void;

export interface GatewayOptions {
  readonly route: (name: string) => RoutedAlias | undefined;
  readonly isAccepting: () => boolean;
  readonly authorize: Authorize;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newRequestId: () => string;
  /** Names of cookies that belong to Funade itself and never reach a function. */
  readonly privateCookies: ReadonlySet<string>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly target: RequestTarget;
  readonly caller: { gone: boolean };
}

interface Destination {
  readonly alias: RoutedAlias;
  readonly deployment: Deployment;
  /** Null of a version that the caller chose: whoever pleases may ask for a candidate, which must not sway its judge. */
  readonly counter: VersionCounter | null;
  readonly route: string;
  readonly called: HostedFunction;
}

type Refusal = { readonly code: ProblemCode; readonly detail: string; readonly headers?: readonly string[] };

const VERSION_HEADER = 'x-funade-version';

/** Serves `/fn/{environment}/{app}/{path…}` from memory: no database on the way of a request. */
export function createGateway(options: GatewayOptions): Gateway {
  return function gateway(request, response) {
    const requestId = options.newRequestId();
    const target = parseTarget(request.url ?? '');
    const refusal = refuseEarly(request, target);
    if (refusal !== undefined || target === undefined) {
      const { code, detail, headers = [] } = refusal ?? NO_TARGET;
      sendProblem(response, code, { detail, requestId, headers });
      return;
    }
    const caller = { gone: false };
    response.once('close', () => {
      caller.gone = !response.writableFinished;
    });
    void serve({ request, response, requestId, target, caller }).catch((thrown: unknown) => {
      options.logger.error({ requestId, reason: messageOf(thrown) }, 'Failed to serve a function request.');
      sendProblem(response, 'INTERNAL', { detail: 'The request was not served.', requestId });
    });
  };

  function refuseEarly(request: IncomingMessage, target: RequestTarget | undefined): Refusal | undefined {
    if (!options.isAccepting()) {
      return { code: 'SHUTTING_DOWN', detail: 'It takes no new requests.', headers: ['connection', 'close'] };
    }
    if (target === undefined) return NO_TARGET;
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return undefined;
    const headers = ['connection', 'close', 'upgrade', 'HTTP/1.1'];
    return { code: 'UPGRADE_REFUSED', detail: 'A function answers one request with one response.', headers };
  }

  async function serve(exchange: Exchange): Promise<void> {
    const found = findDestination(exchange);
    if ('code' in found) return refuse(exchange, found);
    const { deployment } = found;
    deployment.enter(); // at once: from here on the version is kept up for this request
    try {
      const refusal = await refuseUnauthorized(exchange, found.called);
      if (refusal !== undefined) return refuse(exchange, refusal);
      const body = await readBody(exchange.request);
      if (body === 'aborted') return;
      if (body === 'too_large') {
        return refuse(exchange, { code: 'PAYLOAD_TOO_LARGE', detail: 'The body has more than 6 MB.' });
      }
      await call(exchange, found, body);
    } finally {
      deployment.leave();
    }
  }

  function findDestination({ request, target }: Exchange): Destination | Refusal {
    const alias = options.route(`${target.app}/${target.environment}`);
    if (alias === undefined || alias.versions.size === 0) {
      return { code: 'NOT_FOUND', detail: `${target.app} has never been deployed to ${target.environment}.` };
    }
    const asked = request.headers[VERSION_HEADER];
    const id = typeof asked === 'string' ? asked : alias.chooser.choose(stickyKey(alias.sticky, request.headers));
    if (id === undefined) return { code: 'NO_CAPACITY', detail: `No version of ${alias.name} takes traffic yet.` };
    const version = alias.versions.get(id);
    if (version === undefined) {
      return {
        code: 'NOT_FOUND',
        detail: `The version that ${VERSION_HEADER} asks for is not attached to ${alias.name}.`,
      };
    }
    const deployment = version.deployment();
    const match = deployment.routes.match(target.path);
    if (match === undefined) {
      return { code: 'NOT_FOUND', detail: `No function of ${alias.name} has a route for this path.` };
    }
    return {
      alias,
      deployment,
      counter: typeof asked === 'string' ? null : version.counter,
      route: match.route,
      called: match.value,
    };
  }

  async function refuseUnauthorized({ request }: Exchange, called: HostedFunction): Promise<Refusal | undefined> {
    if (called.config.auth === 'none') return undefined;
    const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && (await options.authorize(token))) return undefined;
    const headers = ['www-authenticate', 'Bearer'];
    return { code: 'UNAUTHENTICATED', detail: 'The token is missing, unknown, expired or revoked.', headers };
  }

  async function call(exchange: Exchange, found: Destination, body: Buffer): Promise<void> {
    const start = performance.now();
    const { called, alias } = found;
    const meta = describeRequest({
      request: exchange.request,
      requestId: exchange.requestId,
      target: exchange.target,
      route: found.route,
      time: options.clock.now(),
      arn: arnOf(called.functionName, alias.environment),
      withoutToken: called.config.auth === 'token',
      withoutCookies: options.privateCookies,
    });
    const sink = createResponseSink(exchange.response, originOf(exchange, found));
    const outcome = await called.invoke({ meta, body, sink }, exchange.caller);
    const elapsed = performance.now() - start;
    const fault = sink.fault();
    const ended: Outcome = fault === undefined ? outcome : { kind: 'protocol', reason: fault };
    const answered = sink.hasStarted() ? sink.end(ended) : answer(exchange, found, ended);
    if (answered.kind !== 'abandoned') found.counter?.count(isVersionError(answered), elapsed);
  }

  function originOf({ requestId }: Exchange, { alias, deployment }: Destination): readonly string[] {
    return [
      ...[VERSION_HEADER, deployment.version.id],
      ...['x-funade-alias', alias.name, 'x-funade-request-id', requestId],
    ];
  }

  /** Sends the answer; returns how the call counts, since an answer that is no HTTP is a fault of the function. */
  function answer(exchange: Exchange, found: Destination, outcome: Outcome): Outcome {
    const { response, requestId } = exchange;
    if (outcome.kind === 'abandoned' || outcome.kind === 'streamed') return outcome;
    const origin = originOf(exchange, found);
    if (outcome.kind === 'result') {
      const fault = sendResult(response, outcome, origin);
      return fault === undefined ? outcome : answer(exchange, found, { kind: 'protocol', reason: fault });
    }
    const { code, ...problem } = problemOf(outcome);
    sendProblem(response, code, { ...problem, requestId, headers: origin.slice(0, 4) });
    return outcome;
  }

  function refuse({ response, requestId }: Exchange, { code, detail, headers = [] }: Refusal): void {
    sendProblem(response, code, { detail, requestId, headers });
  }
}

const NO_TARGET: Refusal = {
  code: 'NOT_FOUND',
  detail: 'The address is not of the form /fn/{environment}/{app}/{path}.',
};
