import type { GuardConfig } from '../config/index.ts';
import { assumingBest, judge, needsOf, policiesAbout } from './chain.ts';
import type { BypassReason, Decision, SkipReason } from './decision.ts';
import { tellFault } from './objects/field.ts';
import { bypassOf, isBypassBlank, isDeleting, isMadeFromJudged } from './objects/metadata.ts';
import { placeOf, readChange } from './objects/read-state.ts';
import type { Change } from './objects/state.ts';
import { type Subject, subjectOf } from './objects/subject.ts';
import type { Decider } from './port.ts';
import type { Review } from './review/review.ts';
import { guardText } from './texts/index.ts';
import { tellDenial, tellFaults, tellUncertainty, tellWarnings } from './texts/tell.ts';
import type { Prepared, Reads, World } from './world.ts';

export interface DeciderOptions {
  readonly config: Pick<GuardConfig, 'rules' | 'skipNamespaces' | 'namespace' | 'bypassGroups' | 'language'>;
  readonly world: World;
}

/** Never judged: what keeps the cluster alive must not wait for the guard. */
const ALWAYS_SKIPPED = 'kube-system';

/** One review on its way to a decision. */
interface Case {
  readonly review: Review;
  readonly change: Change;
}

/** Decides about reviews: what nobody asks about goes first, then the rules judge in the world as it is known. */
export function createDecider({ config, world }: DeciderOptions): Decider {
  const { rules } = config;
  const say = guardText(config.language);
  const skippedNamespaces = new Set([ALWAYS_SKIPPED, ...config.skipNamespaces, config.namespace ?? ALWAYS_SKIPPED]);
  const exemptScalers = new Set(rules.exemptScalers);
  const bypassGroups = new Set(config.bypassGroups);

  return { decide };

  function decide(review: Review, deadline: AbortSignal): Decision | Promise<Decision> {
    const subject = subjectOf(review);
    const skip = skipOf(review, subject);
    if (skip !== null) return skipped(skip);
    if (typeof subject === 'string') return skipped(subject);
    if (skippedNamespaces.has(review.namespace ?? '')) return bypassed('namespace', []);

    const read = readChange(subject, review);
    if (!read.ok) return invalid(review, read.error);
    const known: Case = { review, change: read.value };
    if (subject.kind === 'scale' && exemptScalers.has(review.user.name)) {
      reserve(known);
      return bypassed('exempt_scaler', []);
    }
    const reason = review.object === null ? null : bypassOf(review.object);
    if (reason !== null && mayBypass(review)) return bypassWith(known, reason);

    const prepared = world.prepare(needsOf(known.change, rules), deadline);
    return prepared instanceof Promise ? finishLater(known, prepared) : finish(known, prepared);
  }

  async function finishLater(known: Case, prepared: Promise<Prepared>): Promise<Decision> {
    return finish(known, await prepared);
  }

  /** Runs without a pause from reading the world to reserving: two requests can't both find the other one absent. */
  function finish(known: Case, prepared: Prepared): Decision {
    const { review, change } = known;
    const reason = bypassAsked(known, prepared.reads);
    if (reason !== null && mayBypass(review)) return bypassWith(known, reason);

    const unknown = prepared.unknown.map(({ need }) => need);
    const verdict = judge(change, assumingBest(prepared.reads, unknown), rules);
    const warnings = [...ignoredBypass(review, reason), ...tellWarnings(verdict, say)];
    if (verdict.denied.length > 0) {
      return { kind: 'denied', violations: verdict.denied, message: tellDenial(verdict.denied, say), warnings };
    }
    const uncertain = prepared.unknown.find(({ need }) => need.weight === 'decides')?.uncertainty ?? null;
    const why = uncertain === null ? '' : tellUncertainty(uncertain, say);
    if (uncertain !== null && rules.onUncertain === 'deny') {
      const { retryAfterSeconds } = rules;
      const message = say('uncertainDenied', { why, seconds: retryAfterSeconds });
      return { kind: 'uncertain', uncertainty: uncertain, message, retryAfterSeconds };
    }
    reserve(known);
    return {
      kind: 'allowed',
      warnings: uncertain === null ? warnings : [say('uncertainAllowed', { why }), ...warnings],
      existing: verdict.existing,
      warned: verdict.warned,
      notices: verdict.notices,
      skipped: null,
      bypassed: null,
      uncertain,
    };
  }

  /** Why nothing has to be decided, before the object is read. */
  function skipOf(review: Review, subject: Subject | SkipReason): SkipReason | null {
    if (review.operation === 'DELETE' || review.operation === 'CONNECT') return 'operation';
    if (typeof subject === 'string') return subject;
    if (policiesAbout(subject.kind, rules).length === 0) return 'unknown_kind';
    if (isDeleting(review.object) || isDeleting(review.oldObject)) return 'deleting';
    if (placeOf(review).name === '' && !isJudgedWithoutName(subject)) return 'generated_name';
    if (subject.kind === 'workload' && isMadeByController(review)) return 'owned';
    return null;
  }

  /** Nothing can refer to an object that has no name yet; its pods can be judged all the same. */
  function isJudgedWithoutName(subject: Subject): boolean {
    if (subject.kind === 'budget' || subject.kind === 'workload') return true;
    return subject.kind === 'deployment' && policiesAbout('workload', rules).length > 0;
  }

  function mayBypass(review: Review): boolean {
    return review.user.groups.some((group) => bypassGroups.has(group));
  }

  function ignoredBypass({ object }: Review, reason: string | null): readonly string[] {
    if (reason !== null) return [say('bypassIgnored')];
    return object !== null && isBypassBlank(object) ? [say('bypassWithoutReason')] : [];
  }

  function bypassWith(known: Case, reason: string): Decision {
    reserve(known);
    return bypassed('annotation', [say('bypassed', { reason })]);
  }

  function invalid(review: Review, faults: Parameters<typeof tellFaults>[0]): Decision {
    const { name } = placeOf(review);
    const values = { kind: review.kind.kind, name: name === '' ? say('nameless') : name };
    return {
      kind: 'invalid',
      faults: faults.map((fault) => ({ path: fault.path, message: tellFault(fault, say) })),
      message: say('invalid', { ...values, faults: tellFaults(faults, say) }),
    };
  }

  /** What is not stored (dry run), or has no name that another request could mean, is not kept. */
  function reserve({ review, change }: Case): void {
    if (!review.dryRun && placeOf(review).name !== '') world.reserve(change);
  }
}

/** A Scale carries no annotations: the Deployment's count, where it is known. */
function bypassAsked({ review, change }: Case, reads: Reads): string | null {
  if (change.after.kind !== 'scale') return review.object === null ? null : bypassOf(review.object);
  const { namespace, name } = change.after.deployment;
  return reads.deployment(namespace, name).find((deployment) => deployment.bypass !== null)?.bypass ?? null;
}

/**
 * A controller that fills up an allowed Deployment must not be stopped at its ReplicaSets and Pods. Only controllers are
 * believed: anybody could name an owner.
 */
function isMadeByController(review: Review): boolean {
  const { name } = review.user;
  const isController =
    name === 'system:kube-controller-manager' || name.startsWith('system:serviceaccount:kube-system:');
  return isController && review.object !== null && isMadeFromJudged(review.object);
}

function skipped(reason: SkipReason): Decision {
  return { ...PLAIN, skipped: reason };
}

function bypassed(reason: BypassReason, warnings: readonly string[]): Decision {
  return { ...PLAIN, bypassed: reason, warnings };
}

const PLAIN = {
  kind: 'allowed',
  warnings: [],
  existing: [],
  warned: [],
  notices: [],
  skipped: null,
  bypassed: null,
  uncertain: null,
} as const;
