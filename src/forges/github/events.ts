import { assertNever } from '../../kernel/index.ts';
import type { ForgeEvent, IgnoredEvent } from '../port.ts';
import { type Payload, asObject, asText } from './payload.ts';
import { readRef } from './refs.ts';
import { readHeadCommit, readRepository } from './repository.ts';

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const NOTHING = /^0+$/;

type Reader = (payload: Payload) => ForgeEvent;

/** The events that mean something to Funade. The name is not signed: each reader checks that the payload is its own. */
export const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['push', readPush],
  ['create', readCreate],
  ['ping', readPing],
]);

export function ignored(reason: IgnoredEvent['reason']): IgnoredEvent {
  return { kind: 'ignored', reason };
}

function readPush(payload: Payload): ForgeEvent {
  const repository = readRepository(payload['repository']);
  const ref = payload['ref'];
  const before = readSha(payload['before']);
  const after = readSha(payload['after']);
  if (repository === undefined || typeof ref !== 'string' || before === undefined || after === undefined) {
    return ignored('payload_mismatch');
  }
  if ('ref_type' in payload || 'action' in payload) return ignored('payload_mismatch');
  const name = readRef(ref);
  const change = {
    repository,
    ref,
    before,
    after,
    actor: readActor(payload),
    headCommit: readHeadCommit(payload['head_commit']),
    deleted: after === null,
    forced: payload['forced'] === true,
  };
  switch (name.kind) {
    case 'branch':
      return { kind: 'push', branch: name.name, ...change };
    case 'tag':
      return { kind: 'tag', tag: name.name, ...change };
    case 'unsupported_ref':
    case 'invalid_ref':
      return ignored(name.kind);
    default:
      return assertNever(name);
  }
}

function readCreate(payload: Payload): ForgeEvent {
  const repository = readRepository(payload['repository']);
  const { ref, ref_type: type, master_branch: defaultBranch } = payload;
  if (repository === undefined || typeof ref !== 'string' || typeof type !== 'string')
    return ignored('payload_mismatch');
  // The default branch is what tells it from a delete event, the absent commit from a push.
  if (typeof defaultBranch !== 'string' || 'after' in payload) return ignored('payload_mismatch');
  if (type !== 'tag') return ignored('not_a_tag');
  const name = readRef(`refs/tags/${ref}`);
  if (name.kind !== 'tag') return ignored('invalid_ref');
  return {
    kind: 'tag',
    tag: name.name,
    repository,
    ref: name.ref,
    before: null,
    after: null,
    actor: readActor(payload),
    headCommit: null,
    deleted: false,
    forced: false,
  };
}

function readPing(payload: Payload): ForgeEvent {
  const hook = asObject(payload['hook']);
  if (typeof payload['zen'] !== 'string' || hook === undefined) return ignored('payload_mismatch');
  const events: readonly unknown[] = Array.isArray(hook['events']) ? hook['events'] : [];
  const config = asObject(hook['config']) ?? {};
  const insecure = config['insecure_ssl'] === '1' || config['insecure_ssl'] === 1;
  return {
    kind: 'ping',
    warnings: [
      events.includes('push') || events.includes('*')
        ? undefined
        : ({ code: 'missing_event', message: 'The hook does not send push events: pushes will not arrive.' } as const),
      config['content_type'] === 'form'
        ? ({
            code: 'form_content_type',
            message: 'The hook sends forms: set its content type to application/json.',
          } as const)
        : undefined,
      insecure
        ? ({
            code: 'tls_verification_off',
            message: "The hook does not check this server's certificate: turn SSL verification on.",
          } as const)
        : undefined,
      hook['active'] === false
        ? ({ code: 'hook_inactive', message: 'The hook is not active: it will deliver nothing.' } as const)
        : undefined,
    ].filter((warning) => warning !== undefined),
  };
}

/** A commit id, null for the all-zero id that stands for "nothing", undefined for anything else. */
function readSha(value: unknown): string | null | undefined {
  if (typeof value !== 'string' || !SHA.test(value)) return undefined;
  return NOTHING.test(value) ? null : value;
}

function readActor(payload: Payload): string {
  const sender = asText(asObject(payload['sender'])?.['login']);
  return sender ?? asText(asObject(payload['pusher'])?.['name']) ?? 'unknown';
}
