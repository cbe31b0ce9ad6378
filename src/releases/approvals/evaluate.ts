/** What an approval is bound to: a change of any of it voids the approval. */
export interface Binding {
  readonly releaseId: string;
  readonly configHash: string;
  readonly target: string;
  readonly planHash: string;
}

export interface ApprovalRequest extends Binding {
  readonly state: 'pending' | 'approved' | 'rejected' | 'void' | 'expired';
  /** Who made the change. */
  readonly author: string;
  /** Roles or user names. */
  readonly allowed: readonly string[];
  readonly quorum: number;
  readonly selfApproval: boolean;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface ApprovalDecision {
  readonly user: string;
  readonly decision: 'approve' | 'reject';
  /** The user's role at this moment, null when the user has lost access. */
  readonly role: string | null;
}

export type Evaluation =
  | { readonly kind: 'pending'; readonly given: number }
  | { readonly kind: 'approved'; readonly by: readonly string[] }
  | { readonly kind: 'rejected'; readonly by: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'void'; readonly reason: string };

export type AtLeast = (role: string, needed: string) => boolean;

const ROLES: readonly string[] = ['viewer', 'deployer', 'approver', 'owner'];

/**
 * Whether somebody may decide: named, or holding one of the roles (or a higher one). Membership counts *now*. The name of a
 * role always means the role: a viewer who is called `owner` gains nothing by it.
 */
export function mayDecide(
  request: Pick<ApprovalRequest, 'allowed' | 'author' | 'selfApproval'>,
  user: string,
  role: string | null,
  atLeast: AtLeast,
): boolean {
  if (role === null) return false;
  if (isAuthor(request, user) && !request.selfApproval) return false;
  return request.allowed.some((entry) => (ROLES.includes(entry) ? atLeast(role, entry) : entry === user));
}

/** Forges keep the case that a name was made with and do not tell names apart by it; names of ours are lower case. */
export function isAuthor(request: Pick<ApprovalRequest, 'author'>, user: string): boolean {
  return request.author.toLowerCase() === user.toLowerCase();
}

/**
 * Where an approval stands when it is about to be used: bound content first, then one rejection, then the quorum. One that has
 * been used stays so: a process that died right after it must not ask again.
 */
export function evaluate(
  request: ApprovalRequest,
  present: Binding,
  decisions: readonly ApprovalDecision[],
  context: { readonly now: number; readonly atLeast: AtLeast },
): Evaluation {
  const changed = changeOf(request, present);
  if (changed !== null) return { kind: 'void', reason: changed };
  if (request.state === 'approved') return { kind: 'approved', by: approversOf(decisions) };
  const counted = decisions.filter((decision) => mayDecide(request, decision.user, decision.role, context.atLeast));
  const rejection = counted.find((decision) => decision.decision === 'reject');
  if (rejection !== undefined) return { kind: 'rejected', by: rejection.user };
  const by = approversOf(counted);
  if (by.length >= request.quorum) return { kind: 'approved', by };
  if (context.now > request.expiresAt) return { kind: 'expired' };
  return { kind: 'pending', given: by.length };
}

function approversOf(decisions: readonly ApprovalDecision[]): readonly string[] {
  return [...new Set(decisions.filter(({ decision }) => decision === 'approve').map(({ user }) => user))];
}

function changeOf(request: Binding, present: Binding): string | null {
  if (request.releaseId !== present.releaseId)
    return `the release changed from ${request.releaseId} to ${present.releaseId}`;
  if (request.configHash !== present.configHash) return 'the configuration changed';
  if (request.target !== present.target) return `the target changed from ${request.target} to ${present.target}`;
  if (request.planHash !== present.planHash) return 'the rollout plan changed';
  return null;
}
