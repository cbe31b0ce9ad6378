import { githubWebhook } from './github/webhook.ts';
import { gitlabWebhook } from './gitlab/webhook.ts';
import type { ForgeWebhook } from './port.ts';

/** Forges whose webhooks can be received, by source. */
export const forgeWebhooks: ReadonlyMap<string, ForgeWebhook> = new Map(
  [githubWebhook, gitlabWebhook].map((webhook) => [webhook.id, webhook]),
);

export { githubWebhook, gitlabWebhook };
export { signingKeyFault } from './gitlab/signing-key.ts';
export { type RefName, readRef } from './payloads/refs.ts';
export type * from './port.ts';
export * from './api-port.ts';
export { type ForgeOptions, createForge } from './create-forge.ts';
export { type ForgeTrouble, forgeTroubleOf } from './trouble.ts';
export { webHostOf } from './web-host.ts';
export type { ApiLimits } from './api/limits.ts';
