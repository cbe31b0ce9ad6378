import { type GitResult, redactUrls } from '../../git/index.ts';
import { createMask } from '../../sandbox/index.ts';
import type { PushEnd } from './port.ts';

export type Sent =
  | { readonly kind: 'sent' }
  /** The branch has commits that ours does not go on from. */
  | { readonly kind: 'behind'; readonly detail: string }
  | Extract<PushEnd, { kind: 'refused' }>
  /** The remote said nothing of the branch: it was not reached. */
  | { readonly kind: 'unreached' };

type Reason = Extract<PushEnd, { kind: 'refused' }>['reason'];

/** In this order: the first that is found in what git and the remote said. */
const REASONS: readonly (readonly [Reason, RegExp])[] = [
  // A secret that GitHub has found is a breach of a "rule" (GH013), too; what it says about it is what helps.
  ['push_rejected', /push protection|push cannot contain secrets|secret detection/i],
  ['branch_protected', /protected branch|\bGH006\b|\bGH013\b|repository rule violations|branch is protected/i],
  [
    'permission',
    /not allowed to (?:push|upload)|returned error: 403|permission to \S+ denied|write access to repository not granted|archived so it is read-only|insufficient permission|deploy key .*read.only/i,
  ],
];
const BEHIND = /non-fast-forward|fetch first|incorrect old value|\bis at [0-9a-f]{40,64} but expected\b/i;
const LONGEST = 2000;

/** What a `git push --porcelain` of one ref has come to. `secrets`: values that must not appear in a detail. */
export function readPush(result: GitResult, secrets: readonly string[]): Sent {
  const status = /^([ *=!+-])\t[^\t]*\t(.*)$/m.exec(result.stdout.toString('utf8'));
  if (result.code === 0 && status !== null && status[1] !== '!') return { kind: 'sent' };
  const said = `${status?.[2] ?? ''}\n${result.stderr}`;
  const detail = detailOf(said, secrets);
  const reason = REASONS.find(([, pattern]) => pattern.test(said))?.[0];
  if (reason !== undefined) return { kind: 'refused', reason, detail };
  if (status?.[1] !== '!') return { kind: 'unreached' };
  if (BEHIND.test(said)) return { kind: 'behind', detail };
  return { kind: 'refused', reason: 'push_rejected', detail };
}

/** What the remote said, without git's own frame, advice and secrets. */
function detailOf(said: string, secrets: readonly string[]): string {
  const told = said
    .split('\n')
    .map((line) => line.replace(/^(?:remote|error|fatal):/, '').trim())
    .filter((line) => line !== '' && !/^(?:hint:|To |failed to push some refs|!\s)/.test(line));
  // Cut last: half a secret would not be found.
  return createMask(secrets)(redactUrls([...new Set(told)].join('\n'))).slice(0, LONGEST);
}
