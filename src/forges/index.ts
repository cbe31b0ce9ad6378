import { githubWebhook } from './github/webhook.ts';
import type { ForgeWebhook } from './port.ts';

/** Forges whose webhooks can be received, by source. */
export const forgeWebhooks: ReadonlyMap<string, ForgeWebhook> = new Map([[githubWebhook.id, githubWebhook]]);

export { githubWebhook };
export type {
  ForgeEvent,
  ForgeWebhook,
  HeadCommit,
  IgnoredEvent,
  MalformedEvent,
  PingEvent,
  PingWarningCode,
  PushEvent,
  RefusedReason,
  Repository,
  Secret,
  TagEvent,
  Verification,
  WebhookRequest,
} from './port.ts';
