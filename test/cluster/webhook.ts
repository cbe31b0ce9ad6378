/** Puts guards in front of the namespaces that carry a label, with the webhook configuration of deploy/guard. */
import { type Json } from './api.ts';
import { until } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { manifestOf } from './guard-manifests.ts';
import { deployment, pathOf } from './objects.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
/** Namespaces with this label are under the guards that are registered with its value. */
const LABEL = 'test.funade.dev/guard';
export const MATCH_CONDITIONS_SINCE = 27;

export interface Registration {
  /** Value of the label, and name of the configuration. */
  readonly name: string;
  readonly guards: readonly GuardProcess[];
  /** Of something in front of them; else the port of the first. */
  readonly port?: number;
  readonly failurePolicy?: 'Ignore' | 'Fail';
  /** Those of deploy/guard, from 1.27 on; on by default. */
  readonly matchConditions?: boolean;
  /** That of deploy/guard by default. */
  readonly timeoutSeconds?: number;
}

export async function register(plane: ControlPlane, of: Registration): Promise<void> {
  const configuration = await configurationOf(plane, of);
  const { status, message } = await plane.admin.create(CONFIGURATIONS, configuration);
  if (status !== 201) throw new Error(`no webhook configuration ${of.name}: ${status} ${message}`);
  const namespace = await createGuarded(plane, of.name, `probe-${of.name}`);
  await untilAsked(plane, of.guards, namespace);
}

export function hasMatchConditions(plane: ControlPlane): boolean {
  return plane.assets.minor >= MATCH_CONDITIONS_SINCE;
}

/** A namespace under the guards of a registration. */
export function createGuarded(plane: ControlPlane, registration: string, name: string): Promise<string> {
  return plane.createNamespace(name, { [LABEL]: registration });
}

/** Puts a namespace that was free under the guards of a registration; resolves when the API server asks them. */
export async function putUnderGuard(
  plane: ControlPlane,
  { name, guards }: Registration,
  namespace: string,
): Promise<void> {
  const patch = { metadata: { labels: { [LABEL]: name } } };
  const { status, message } = await plane.admin.patch(`/api/v1/namespaces/${namespace}`, patch, { kind: 'merge' });
  if (status !== 200) throw new Error(`namespace ${namespace} got no label: ${message}`);
  await untilAsked(plane, guards, namespace);
}

/** The API server learns of configurations and labels a moment later. */
async function untilAsked(plane: ControlPlane, guards: readonly GuardProcess[], namespace: string): Promise<void> {
  const probe = deployment('probe', { replicas: 1 });
  await until(`the API server asks about ${namespace}`, async () => {
    const before = await askedSoFar(guards);
    await plane.admin.create(pathOf('deployment', namespace), probe, { dryRun: true });
    return (await askedSoFar(guards)) > before;
  });
}

async function askedSoFar(guards: readonly GuardProcess[]): Promise<number> {
  const counts = await Promise.all(guards.map((guard) => guard.count('webhook_requests_total')));
  return counts.reduce((total, count) => total + count, 0);
}

async function configurationOf(plane: ControlPlane, of: Registration): Promise<Json> {
  const { name, guards, port = guards[0]?.port, failurePolicy = 'Fail', matchConditions = true, timeoutSeconds } = of;
  const shipped = await manifestOf('base', 'ValidatingWebhookConfiguration');
  const caBundle = Buffer.from(guards[0]?.authority.certificate ?? '').toString('base64');
  const webhooks = shipped['webhooks'].map(({ matchConditions: conditions, ...webhook }: Json, index: number) => ({
    ...webhook,
    name: `${name}-${index}.guard.funade.dev`,
    clientConfig: { url: `https://127.0.0.1:${port}${webhook['clientConfig'].service?.path ?? '/validate'}`, caBundle },
    failurePolicy,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    namespaceSelector: { ...webhook['namespaceSelector'], matchLabels: { [LABEL]: name } },
    ...(matchConditions && conditions !== undefined && hasMatchConditions(plane) && { matchConditions: conditions }),
  }));
  return { apiVersion: shipped['apiVersion'], kind: shipped['kind'], metadata: { name }, webhooks };
}
