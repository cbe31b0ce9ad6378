import type { JsonObject } from '../review/review.ts';
import type { Read } from './reader.ts';

/** One webhook of a `ValidatingWebhookConfiguration`. */
export interface WebhookFacts {
  readonly configuration: string;
  readonly name: string;
  /** `null`: it is called by its URL. */
  readonly service: {
    readonly namespace: string;
    readonly name: string;
    readonly port: number;
    readonly path: string;
  } | null;
  readonly url: string | null;
  /** PEM; empty when nothing was put in. */
  readonly caBundle: string;
  /** `cert-manager.io/inject-ca-from`: `namespace/certificate`. */
  readonly injectFrom: string | null;
  readonly failurePolicy: string;
  readonly timeoutSeconds: number;
  readonly namespaceSelector: JsonObject;
}

/** A permission that the guard uses. */
export interface AccessFacts {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** `null`: could not be asked. */
  readonly allowed: boolean | null;
  readonly detail: string;
}

/** What was read of the cluster, before anybody judges it. `null` parts could not be asked for, since what names them is missing. */
export interface GuardFacts {
  readonly webhooks: readonly WebhookFacts[];
  /** How the list of configurations was answered. */
  readonly configurations: Read;
  readonly namespace: string | null;
  readonly service: Read | null;
  /** Addresses behind the service. */
  readonly endpoints: { readonly ready: number; readonly notReady: number } | { readonly detail: string } | null;
  /** The Deployment whose pods the service selects. */
  readonly deployment: JsonObject | null;
  readonly secretName: string | null;
  readonly secret: Read | null;
  /** Certificates of cert-manager in the namespace that the CA is injected from. */
  readonly certificates: Read | null;
  /** Deployments of cert-manager's injector. */
  readonly injectors: Read | null;
  readonly budgets: Read | null;
  /** Labels by namespace, of kube-system and the guard's own. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly serviceAccount: string | null;
  readonly access: readonly AccessFacts[];
  /** Messages of recent Events about this webhook, the newest first. */
  readonly events: readonly string[];
}
