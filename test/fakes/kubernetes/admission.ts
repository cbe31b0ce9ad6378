import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { type FakeKind, apiVersionOf } from './kinds.ts';
import type { FakeObject } from './objects.ts';

/** A validating webhook that the fake calls on writes, as an API server does. */
export interface FakeWebhook {
  /** With its path. */
  readonly url: string;
  /** PEM that its certificate is checked with; `null` for plain HTTP. */
  readonly ca: string | null;
  readonly timeoutSeconds?: number;
  readonly failurePolicy?: 'Fail' | 'Ignore';
  readonly version?: 'v1' | 'v1beta1';
  /** Instead of `rules` and `matchConditions`; all writes by default. */
  readonly matches?: (review: AdmissionRequest) => boolean;
}

export interface Attributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly kind: FakeKind;
  readonly version: string;
  readonly subresource: string | null;
  readonly namespace: string;
  readonly name: string;
  readonly user: { readonly username: string; readonly groups: readonly string[] };
  readonly object: FakeObject;
  readonly oldObject: FakeObject;
  readonly dryRun: boolean;
}

// oxlint-disable-next-line typescript/no-explicit-any -- the request of an AdmissionReview
export type AdmissionRequest = any;

export interface Admitted {
  readonly allowed: boolean;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly warnings: readonly string[];
}

const ALLOWED: Admitted = { allowed: true, code: 200, reason: '', message: '', warnings: [] };

export interface AdmissionCaller {
  admit(webhook: FakeWebhook | null, attributes: Attributes): Promise<Admitted>;
  close(): void;
}

/** Calls over connections that are kept, as an API server has them. */
export function createAdmissionCaller(): AdmissionCaller {
  const agents = new Map<string, Agent | PlainAgent>();

  function agentOf({ url, ca }: FakeWebhook): Agent | PlainAgent {
    const key = `${new URL(url).host} ${ca}`;
    const known = agents.get(key);
    if (known !== undefined) return known;
    const agent = ca === null ? new PlainAgent({ keepAlive: true }) : new Agent({ keepAlive: true, ca });
    agents.set(key, agent);
    return agent;
  }

  async function admit(webhook: FakeWebhook | null, attributes: Attributes): Promise<Admitted> {
    if (webhook === null) return ALLOWED;
    const asked = requestOf(attributes);
    if (webhook.matches?.(asked) === false) return ALLOWED;
    try {
      return admittedOf(asked.uid, await call(webhook, asked, agentOf(webhook)));
    } catch (error) {
      if (webhook.failurePolicy === 'Ignore') return ALLOWED;
      const message = `Internal error occurred: failed calling webhook "guard.funade.dev": ${(error as Error).message}`;
      return { allowed: false, code: 500, reason: 'InternalError', message, warnings: [] };
    }
  }

  return {
    admit,
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function requestOf(attributes: Attributes): AdmissionRequest {
  const { operation, kind, version, subresource, namespace, name, user, object, oldObject, dryRun } = attributes;
  const isScale = subresource === 'scale';
  const asKind = isScale
    ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    : { group: kind.group, version, kind: kind.kind };
  const resource = { group: kind.group, version, resource: kind.resource };
  return {
    uid: randomUUID(),
    kind: asKind,
    resource,
    ...(subresource === null ? {} : { subResource: subresource }),
    requestKind: asKind,
    requestResource: resource,
    name,
    namespace,
    operation,
    userInfo: user,
    object,
    oldObject,
    dryRun,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- an AdmissionReview
function call(webhook: FakeWebhook, asked: AdmissionRequest, agent: Agent | PlainAgent): Promise<any> {
  const { url, ca, timeoutSeconds = 5, version = 'v1' } = webhook;
  const target = new URL(url);
  target.searchParams.set('timeout', `${timeoutSeconds}s`);
  const body = JSON.stringify({ kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request: asked });
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  const make = ca === null ? plainRequest : request;
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, */*',
      'content-length': Buffer.byteLength(body),
    };
    const outgoing = make(target, { method: 'POST', agent, headers, signal }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}: ${text}`));
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

// oxlint-disable-next-line typescript/no-explicit-any -- an AdmissionReview
function admittedOf(uid: string, review: any): Admitted {
  const response = review?.response;
  if (response?.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${response?.uid}"`);
  const warnings: readonly string[] = response.warnings ?? [];
  if (response.allowed === true) return { ...ALLOWED, warnings };
  const { code = 403, reason = 'Forbidden', message = 'no reason was given' } = response.status ?? {};
  const told = `admission webhook "guard.funade.dev" denied the request: ${message}`;
  return { allowed: false, code, reason, message: told, warnings };
}

/** The `apiVersion` of objects in reviews. */
export function reviewed(object: FakeObject, kind: FakeKind, version: string): FakeObject {
  return { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind, version) };
}
