import { createHmac, randomUUID } from 'node:crypto';
import examples from '@octokit/webhooks-examples' with { type: 'json' };

/** What the requests of one round of load are. */
export type RequestPlan =
  | { readonly kind: 'echo'; readonly path: string; readonly bytes: number; readonly headers?: readonly string[] }
  | { readonly kind: 'json'; readonly path: string; readonly body: string; readonly headers: readonly string[] }
  | {
      readonly kind: 'push';
      readonly path: string;
      readonly secret: string;
      readonly repository: string;
      readonly sha: string;
    }
  | {
      readonly kind: 'labelled';
      readonly path: string;
      readonly secret: string;
      readonly repository: string;
      readonly label: string;
      /** Number of the first issue; each request tells of the next one. Nine digits, so that all bodies are of one size. */
      readonly first: number;
      /** For receivers that keep nothing: when all that were made beforehand are sent, they are sent again. */
      readonly repeats: boolean;
    };

/** Makes requests, each ready to be written to a socket; pushes and labelled issues differ in id and body, as deliveries do. */
export function requestMaker(plan: RequestPlan): () => Buffer {
  switch (plan.kind) {
    case 'echo': {
      const request = echoRequest(plan);
      return () => request;
    }
    case 'json': {
      const request = jsonRequest('POST', plan);
      return () => request;
    }
    case 'push': {
      const template = pushTemplate(plan);
      return () => pushRequest(plan, template);
    }
    case 'labelled': {
      const template = labelledTemplate(plan);
      let number = plan.first - 1;
      return () => labelledRequest(plan, template, (number += 1));
    }
  }
}

function echoRequest({ path, bytes, headers = [] }: Extract<RequestPlan, { kind: 'echo' }>): Buffer {
  const empty = JSON.stringify({ text: '' }).length;
  const body = JSON.stringify({ text: 'x'.repeat(bytes - empty) });
  return jsonRequest('POST', { path, body, headers });
}

interface Example {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

/** A real push of GitHub's documentation (7 kB), to the branch and the repository that are asked for. */
function pushTemplate({ repository, sha }: Extract<RequestPlan, { kind: 'push' }>): Readonly<Record<string, unknown>> {
  const pushes = (examples as unknown as readonly Example[]).find(({ name }) => name === 'push');
  const example = pushes?.examples.find((each) => each['head_commit'] !== null) ?? {};
  const inRepository = { ...(example['repository'] as object), full_name: repository };
  return { ...example, ref: 'refs/heads/main', after: sha, deleted: false, repository: inRepository };
}

function pushRequest(
  { path, secret }: Extract<RequestPlan, { kind: 'push' }>,
  template: Readonly<Record<string, unknown>>,
): Buffer {
  const id = randomUUID();
  const body = JSON.stringify({ ...template, compare: id });
  return deliveryRequest('push', { path, secret, id, body });
}

/** The text around each place where the number of the issue stands. */
type LabelledTemplate = readonly string[];

const PLACE = 987_654_321;

/** A real labelled issue of GitHub's documentation (12 kB), with the repository and the label that are asked for. */
function labelledTemplate({ repository, label }: Extract<RequestPlan, { kind: 'labelled' }>): LabelledTemplate {
  const issues = (examples as unknown as readonly Example[]).find(({ name }) => name === 'issues');
  const example = issues?.examples.find((each) => each['action'] === 'labeled') ?? {};
  const put = { ...(example['label'] as object), name: label };
  const url = `https://github.com/${repository}/issues/${PLACE}`;
  const issue = { ...(example['issue'] as object), id: PLACE, number: PLACE, html_url: url, labels: [put] };
  const inRepository = { ...(example['repository'] as object), full_name: repository };
  return JSON.stringify({ ...example, issue, label: put, repository: inRepository }).split(String(PLACE));
}

function labelledRequest(
  { path, secret }: Extract<RequestPlan, { kind: 'labelled' }>,
  template: LabelledTemplate,
  number: number,
): Buffer {
  return deliveryRequest('issues', { path, secret, id: randomUUID(), body: template.join(String(number)) });
}

/** A delivery of GitHub, signed. */
function deliveryRequest(
  event: string,
  delivery: { readonly path: string; readonly secret: string; readonly id: string; readonly body: string },
): Buffer {
  const { path, secret, id, body } = delivery;
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const headers = [
    'User-Agent: GitHub-Hookshot/bench',
    `X-GitHub-Event: ${event}`,
    `X-GitHub-Delivery: ${id}`,
    `X-Hub-Signature-256: sha256=${signature}`,
  ];
  return jsonRequest('POST', { path, body, headers });
}

/** A request with a JSON body as it goes over the wire; headers are whole lines. */
export function jsonRequest(
  method: 'POST' | 'PUT',
  { path, body, headers }: { readonly path: string; readonly body: string; readonly headers: readonly string[] },
): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
