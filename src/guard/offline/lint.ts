import type { PolicyName } from '../../config/index.ts';
import { type Fault, type Language } from '../../kernel/index.ts';
import { judge, policiesAbout } from '../chain.ts';
import { tellFault as tellObjectFault } from '../objects/field.ts';
import { bypassOf, isDeleting, isMadeFromJudged } from '../objects/metadata.ts';
import { readState } from '../objects/read-state.ts';
import type { State } from '../objects/state.ts';
import { subjectOf } from '../objects/subject.ts';
import { policies } from '../policies/index.ts';
import type { Violation } from '../policies/policy.ts';
import { guardText } from '../texts/index.ts';
import { fixedWorld } from '../world/fixed-world.ts';
import type { Collected } from './collect.ts';
import { tellFault } from './fault.ts';
import type { Manifest } from './manifest.ts';
import { lineOfFinding } from './line-of-finding.ts';
import { lonelyHpas, maxBelowMin } from './lint-hpa.ts';
import { notesOf } from './notes.ts';
import { type OfflineConfig, isSkipped, offlineRules } from './offline-rules.ts';
import { reasonAndFix } from './reason-and-fix.ts';
import { reviewOf } from './review-of.ts';
import { offlineText } from './texts/index.ts';

export interface LintOptions {
  readonly config: OfflineConfig;
  /** Where objects count that name no namespace. */
  readonly namespace: string;
  readonly language: Language;
}

export interface ObjectPlace {
  readonly object: string;
  readonly namespace: string;
  readonly file: string;
  readonly line: number;
  readonly document: number;
}

export interface LintFinding extends ObjectPlace {
  /** `deny`: the webhook would refuse it. */
  readonly severity: 'deny' | 'warn';
  readonly policy: PolicyName;
  readonly reason: string;
  readonly fix: string | null;
  /** The other object of the same finding, when files hold it. */
  readonly also: readonly ObjectPlace[];
}

export interface LintReport {
  readonly files: number;
  /** Objects that a policy looked at. */
  readonly judged: number;
  readonly findings: readonly LintFinding[];
  readonly faults: readonly Fault[];
  /** Worth a word, and no finding: files that were not built, objects that stand there twice. */
  readonly notes: readonly Fault[];
  /** Objects that nobody judges, by kind. */
  readonly others: Readonly<Record<string, number>>;
  /** Objects in namespaces that the guard does not look at. */
  readonly skipped: number;
  /** Documents that are no objects of Kubernetes. */
  readonly foreign: number;
  /** Policies that are off and would look at one of the others. */
  readonly off: readonly PolicyName[];
}

/** An object with what a policy reads of it. */
export interface Judged {
  readonly manifest: Manifest;
  readonly namespace: string;
  readonly state: State;
}

/** The rules over everything that files hold, as if all of it were applied to an empty cluster. Pure. */
export function lint(collected: Collected, options: LintOptions): LintReport {
  const { config, language } = options;
  const { rules, left } = offlineRules(config.rules);
  const faults: Fault[] = collected.faults.map((fault) => tellFault(fault, language));
  const others: Record<string, number> = {};
  const judged: Judged[] = [];
  const off = new Set<PolicyName>();
  let skipped = 0;
  for (const manifest of collected.manifests) {
    const namespace = manifest.namespace ?? options.namespace;
    const read = readManifest(manifest, namespace, { rules, language });
    if (read === 'other') {
      others[manifest.kind] = (others[manifest.kind] ?? 0) + 1;
      for (const policy of sleepingPolicies(manifest, namespace, rules)) off.add(policy);
    } else if (isSkipped(namespace, config)) skipped += 1;
    else if ('faults' in read) faults.push(...read.faults);
    else judged.push({ manifest, namespace, state: read.state });
  }
  const world = fixedWorld({
    deployments: judged.flatMap(({ state }) => (state.kind === 'deployment' ? [state.deployment] : [])),
    hpas: judged.flatMap(({ state }) => (state.kind === 'hpa' ? [state.hpa] : [])),
  });
  const found = judged.flatMap((each): readonly LintFinding[] => {
    const verdict = judge({ before: null, after: each.state }, world.reads, rules);
    const told = (severity: LintFinding['severity']) => (violation: Violation) =>
      findingOf(violation, severity, each, options);
    return [
      ...verdict.introduced.map(told('deny')),
      ...verdict.warned.map(told('warn')),
      ...verdict.notices.map(told('warn')),
    ];
  });
  return {
    files: collected.files,
    judged: judged.length,
    findings: merged(found),
    faults,
    notes: notesOf(collected, {
      language,
      namespace: options.namespace,
      left,
      judged: judged.map(({ manifest }) => manifest),
      lonely: lonelyHpas(judged, collected.manifests, options),
    }),
    others,
    skipped,
    foreign: collected.foreign,
    off: [...off],
  };
}

function readManifest(
  manifest: Manifest,
  namespace: string,
  { rules, language }: { readonly rules: OfflineConfig['rules']; readonly language: Language },
): 'other' | { readonly state: State } | { readonly faults: readonly Fault[] } {
  const review = reviewOf(manifest, { uid: '-', operation: 'CREATE', oldObject: null, user: NOBODY, namespace });
  const subject = subjectOf(review);
  if (typeof subject === 'string' || policiesAbout(subject.kind, rules).length === 0) return 'other';
  // What a cluster printed holds pods that controllers made, and objects that are about to go.
  if (isDeleting(manifest.object) || (subject.kind === 'workload' && isMadeFromJudged(manifest.object))) return 'other';
  const read = readState(subject, manifest.object, { namespace, name: manifest.name ?? '' });
  if (read.ok) {
    const upsideDown = read.value.kind === 'hpa' ? maxBelowMin(manifest, read.value.hpa) : null;
    return upsideDown === null ? { state: read.value } : { faults: [tellFault(upsideDown, language)] };
  }
  const say = guardText(language);
  return {
    faults: read.error.map((fault) =>
      tellFault(
        {
          code: 'field',
          values: { object: nameOf(manifest), reason: `${fault.path} ${tellObjectFault(fault, say)}` },
          file: manifest.file,
          line: manifest.lineOf(fault.path.split('.')),
          path: fault.path,
        },
        language,
      ),
    ),
  };
}

const NOBODY = { name: '', groups: [] };

/** Policies that would look at an object if they were on. */
function sleepingPolicies(manifest: Manifest, namespace: string, rules: OfflineConfig['rules']): readonly PolicyName[] {
  const subject = subjectOf(
    reviewOf(manifest, { uid: '-', operation: 'CREATE', oldObject: null, user: NOBODY, namespace }),
  );
  if (typeof subject === 'string' || policiesAbout(subject.kind, rules).length > 0) return [];
  // The one that asks the control plane can't be judged here, on or off.
  return [...policies.values()]
    .filter(({ name, about }) => about.includes(subject.kind) && name !== 'imageNotReleased')
    .map(({ name }) => name);
}

interface KeyedFinding extends LintFinding {
  readonly key: string;
}

function findingOf(
  violation: Violation,
  severity: LintFinding['severity'],
  { manifest, namespace }: Judged,
  { config, language }: LintOptions,
): KeyedFinding {
  const { reason, fix } = reasonAndFix(guardText(language)(violation.text, violation.values));
  const bypass = bypassOf(manifest.object);
  // Nobody knows who will apply it: a member of a group that may bypass the rules gets it through.
  const mayPass = bypass !== null && config.bypassGroups.length > 0;
  return {
    key: `${violation.policy} ${namespace} ${violation.key}`,
    severity: mayPass ? 'warn' : severity,
    policy: violation.policy,
    ...placeOf(manifest, namespace, violation.policy),
    reason: mayPass ? `${reason} (${offlineText(language)('note.bypass', { reason: bypass })})` : reason,
    fix,
    also: [],
  };
}

function placeOf(manifest: Manifest, namespace: string, policy: PolicyName): ObjectPlace {
  const { file, document } = manifest;
  return { object: nameOf(manifest), namespace, file, line: lineOfFinding(manifest, policy), document };
}

/** A pair is found from both of its objects: told once, with both places. */
function merged(found: readonly LintFinding[]): readonly LintFinding[] {
  const byKey = Map.groupBy(found as readonly KeyedFinding[], ({ key }) => key);
  return [...byKey.values()].flatMap((same) => {
    const first = same.find(({ severity }) => severity === 'deny') ?? same[0];
    if (first === undefined) return [];
    const { key: _, ...finding } = first;
    const also = same
      .filter((each) => each !== first)
      .map(({ object, namespace, file, line, document }) => ({ object, namespace, file, line, document }));
    return [{ ...finding, also }];
  });
}

function nameOf({ kind, name }: Manifest): string {
  return `${kind}/${name ?? '-'}`;
}
