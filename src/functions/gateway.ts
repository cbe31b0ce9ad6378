import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Logger, messageOf } from '../kernel/index.ts';
import type { DeployedFunction } from './deployment.ts';
import type { HostedVersion, RoutedAlias } from './host.ts';
import type { Call } from './instance.ts';
import { type Outcome, isVersionError } from './outcome.ts';
import type { Authorize } from './port.ts';
import { type ProblemCode, problemOf, sendProblem } from './problems.ts';
import { readBody } from './request-body.ts';
import { type RequestTarget, describeRequest, parseTarget } from './request.ts';
import { sendResult } from './response.ts';
import { stickyKey } from './routing.ts';

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
  readonly version: HostedVersion;
  readonly route: string;
  readonly called: DeployedFunction;
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
    const { deployment } = found.version;
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
    const match = version.deployment.routes.match(target.path);
    if (match === undefined) {
      return { code: 'NOT_FOUND', detail: `No function of ${alias.name} has a route for this path.` };
    }
    return { alias, version, route: match.route, called: match.value };
  }

  async function refuseUnauthorized({ request }: Exchange, called: DeployedFunction): Promise<Refusal | undefined> {
    if (called.config.auth === 'none') return undefined;
    const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && (await options.authorize(token))) return undefined;
    const headers = ['www-authenticate', 'Bearer'];
    return { code: 'UNAUTHENTICATED', detail: 'The token is missing, unknown, expired or revoked.', headers };
  }

  async function call(exchange: Exchange, found: Destination, body: Buffer): Promise<void> {
    const start = performance.now();
    const meta = describeRequest({
      request: exchange.request,
      requestId: exchange.requestId,
      target: exchange.target,
      route: found.route,
      time: options.clock.now(),
      withoutToken: found.called.config.auth === 'token',
      withoutCookies: options.privateCookies,
    });
    const request: Call = { meta, body };
    const outcome = await found.called.pool.invoke(request, exchange.caller);
    const elapsed = performance.now() - start;
    const answered = answer(exchange, found, outcome);
    if (answered.kind !== 'abandoned') found.version.counter.count(isVersionError(answered), elapsed);
  }

  /** Sends the answer; returns how the call counts, since an answer that is no HTTP is a fault of the function. */
  function answer(exchange: Exchange, found: Destination, outcome: Outcome): Outcome {
    const { response, requestId } = exchange;
    const origin = [
      ...[VERSION_HEADER, found.version.deployment.version.id],
      ...['x-funade-alias', found.alias.name, 'x-funade-request-id', requestId],
    ];
    if (outcome.kind === 'abandoned') return outcome;
    if (outcome.kind === 'result') {
      const fault = sendResult(response, outcome, origin);
      return fault === undefined ? outcome : answer(exchange, found, { kind: 'protocol', reason: fault });
    }
    const { code, detail } = problemOf(outcome);
    sendProblem(response, code, { detail, requestId, headers: origin.slice(0, 4) });
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
