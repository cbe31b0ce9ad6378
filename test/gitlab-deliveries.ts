import { readFileSync, readdirSync } from 'node:fs';
import { type ForgeEvent, gitlabWebhook } from '../src/forges/index.ts';

const FOLDER = new URL('fixtures/gitlab-webhooks/', import.meta.url);

/** A delivery as GitLab sends it, apart from its authentication. */
export interface GitlabDelivery {
  /** Value of `X-Gitlab-Event`. */
  readonly event: string;
  /** All of project 42, issue 7 and merge request 3; changed copies are the way to other situations. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Reads `test/fixtures/gitlab-webhooks/<situation>.json`. */
export function gitlabDelivery(situation: string): GitlabDelivery {
  return JSON.parse(readFileSync(new URL(`${situation}.json`, FOLDER), 'utf8')) as GitlabDelivery;
}

export function gitlabSituations(): readonly string[] {
  return readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
}

export function readAll(event: string, payload: unknown): readonly ForgeEvent[] {
  const body = Buffer.from(JSON.stringify(payload));
  return gitlabWebhook.parse({ headers: { 'x-gitlab-event': event }, body, now: 0 });
}

/** The one event of a situation, with changes to its payload and to the `object_attributes` of it. */
export function readSituation(
  situation: string,
  changes: GitlabDelivery['payload'] = {},
  attributes: GitlabDelivery['payload'] = {},
): ForgeEvent {
  const { event, payload } = gitlabDelivery(situation);
  const before = payload['object_attributes'] as GitlabDelivery['payload'];
  const isChanged = Object.keys(attributes).length > 0;
  const changed = isChanged ? { ...payload, object_attributes: { ...before, ...attributes } } : payload;
  const [read, ...more] = readAll(event, { ...changed, ...changes });
  if (read === undefined || more.length > 0) throw new Error(`${situation} tells of ${more.length + 1} events`);
  return read;
}
