import { formatDuration } from '../../kernel/index.ts';
import { isApplicable } from '../judge/index.ts';
import type { RolloutState } from '../state.ts';
import { AUTOMATION, type Decision, type Round, hasStable, turnBack } from './decision.ts';

/** What the analysis of this round means: go on, wait, or a decision that ends the round. */
export type AnalysisOutcome =
  | { readonly kind: 'passed'; readonly state: RolloutState }
  | { readonly kind: 'waiting'; readonly state: RolloutState }
  | { readonly kind: 'decided'; readonly decision: Decision };

/** Applies the policy of each verdict. Passing needs every metric that can speak to have said so with fresh samples. */
export function applyAnalysis(round: Round): AnalysisOutcome {
  const state = countProviderErrors(round);
  return failed(round, state) ?? unsettled(round, state) ?? verdictOf(round, state);
}

/** Whether the verdicts of this round alone take the rollout back; the rest is for the step to weigh. */
export function abortingFailure(round: Round): Decision | undefined {
  const outcome = failed(round, round.state);
  const isAbort = outcome?.kind === 'decided' && outcome.decision.state.back !== null;
  return isAbort ? outcome.decision : undefined;
}

function judged(round: Round) {
  const { metrics } = round.facts.plan.analysis;
  return metrics
    .filter((metric) => !metric.dryRun && isApplicable(metric, hasStable(round.facts)))
    .map((metric) => ({ metric, result: round.observation.metrics.find((entry) => entry.name === metric.name) }));
}

/** `fail → abort | pause`. A rollout that is paused already stays paused, but an abort policy still aborts. */
function failed(round: Round, state: RolloutState): AnalysisOutcome | undefined {
  const failures = judged(round).filter(({ result }) => result?.verdict === 'fail');
  if (failures.length === 0) return undefined;
  const evidence = failures.map(({ result }) => `${result?.name}: ${result?.finding}, condition ${result?.condition}`);
  const reason = `analysis failed: ${failures.map(({ metric }) => metric.name).join(', ')}`;
  if (failures.some(({ metric }) => metric.onFail === 'abort')) {
    return { kind: 'decided', decision: turnBack(state, { by: AUTOMATION, reason, evidence }, round.now) };
  }
  return state.paused === null
    ? pauseFor(state, `${reason} – ${evidence.join('; ')}`, round.now)
    : { kind: 'waiting', state };
}

/** `inconclusive → pause`, `provider_error → hold, too many in a row → pause | abort`, `no_data → hold, too long → pause`. */
function unsettled(round: Round, state: RolloutState): AnalysisOutcome | undefined {
  for (const { metric, result } of judged(round)) {
    if (result === undefined) continue;
    const text = `${result.name}: ${result.finding}`;
    const errors = state.providerErrors[metric.name]?.count ?? 0;
    if (result.verdict === 'provider_error' && errors > metric.maxErrors && metric.onProviderError === 'abort') {
      return {
        kind: 'decided',
        decision: turnBack(
          state,
          { by: AUTOMATION, reason: `the metrics provider failed ${errors} times in a row`, evidence: [text] },
          round.now,
        ),
      };
    }
    if (result.verdict === 'inconclusive' && metric.onInconclusive === 'abort') {
      return {
        kind: 'decided',
        decision: turnBack(
          state,
          { by: AUTOMATION, reason: `analysis inconclusive: ${metric.name}`, evidence: [text] },
          round.now,
        ),
      };
    }
    if (state.paused !== null) continue;
    if (result.verdict === 'inconclusive') return pauseFor(state, `inconclusive – ${text}`, round.now);
    if (result.verdict === 'provider_error' && errors > metric.maxErrors) {
      return pauseFor(state, `the metrics provider failed ${errors} times in a row – ${text}`, round.now);
    }
    const { maxWait } = round.facts.plan.analysis;
    if (result.verdict === 'no_data' && state.weight > 0 && round.now - state.freshFrom > maxWait) {
      return pauseFor(state, `no data for ${formatDuration(maxWait)} – ${text}`, round.now);
    }
  }
  return undefined;
}

function verdictOf(round: Round, state: RolloutState): AnalysisOutcome {
  // Without traffic (a preview) there is nothing to measure; a failure there still counts, silence does not.
  const all = judged(round).every(
    ({ result }) => result?.verdict === 'pass' || (state.weight === 0 && result?.verdict === 'no_data'),
  );
  return { kind: all ? 'passed' : 'waiting', state };
}

function pauseFor(state: RolloutState, reason: string, now: number): AnalysisOutcome {
  const paused = { by: AUTOMATION, reason, since: now };
  const event = { kind: 'rollout.paused', actor: AUTOMATION, data: { reason } };
  return { kind: 'decided', decision: { state: { ...state, paused }, effects: [], events: [event], wakeAt: now } };
}

/** One error per `interval` counts; a reading of any other kind resets the row. */
function countProviderErrors(round: Round): RolloutState {
  const { state, now } = round;
  const counts = { ...state.providerErrors };
  for (const metric of round.facts.plan.analysis.metrics) {
    const result = round.observation.metrics.find((entry) => entry.name === metric.name);
    if (result === undefined) continue;
    const before = counts[metric.name];
    if (result.verdict !== 'provider_error') delete counts[metric.name];
    else if (before === undefined) counts[metric.name] = { count: 1, at: now };
    else if (now - before.at >= metric.interval) counts[metric.name] = { count: before.count + 1, at: now };
  }
  return JSON.stringify(counts) === JSON.stringify(state.providerErrors) ? state : { ...state, providerErrors: counts };
}
