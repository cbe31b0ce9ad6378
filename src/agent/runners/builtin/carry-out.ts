import { stripVTControlCharacters } from 'node:util';
import type { ToolModelMessage } from 'ai';
import { assertNever } from '../../../kernel/index.ts';
import type { PlanItem, RunnerEnd } from '../../port.ts';
import { NOT_CARRIED_OUT, NOT_FINISHED, PLAN_FIRST } from './instructions.ts';
import type { ModelCall } from './model/ask-model.ts';
import { type BuiltinTool, type ToolEnd, type ToolPlace, refusal } from './tools/port.ts';

export interface Bench {
  readonly tools: ReadonlyMap<string, BuiltinTool>;
  readonly place: ToolPlace;
  /** Tells of a call as it begins, and of its result. */
  readonly tell: (call: ModelCall, result: string | null) => void;
}

export interface CarriedOut {
  readonly message: ToolModelMessage;
  readonly plan: readonly PlanItem[];
  readonly reminded: boolean;
  /** At least one call was one that could be carried out. */
  readonly sensible: boolean;
  readonly end: RunnerEnd | null;
}

/** Carries out the calls of one answer, one after the other: later ones may rest on what earlier ones did. */
export async function carryOut(
  bench: Bench,
  calls: readonly ModelCall[],
  before: Pick<CarriedOut, 'plan' | 'reminded'>,
): Promise<CarriedOut> {
  const results: ToolModelMessage['content'] = [];
  let { plan, reminded } = before;
  let sensible = false;
  let failed = false;
  let end: RunnerEnd | null = null;
  for (const call of calls) {
    const tool = bench.tools.get(call.toolName);
    bench.tell(call, null);
    const unplanned = plan.length === 0 && !before.reminded && bench.tools.has('update_plan');
    const early = unplanned && call.fault === null && tool?.nature === 'change';
    if (early) reminded = true;
    const result = early ? refusal(PLAN_FIRST) : guarded(await callOne(bench, tool, call), failed);
    if (result.kind === 'plan' || result.kind === 'proposed') plan = result.items;
    if (result.kind === 'refused') failed = true;
    if (result.kind !== 'refused' || !result.invalid) sensible = true;
    end ??= endOf(result);
    const text = readable(textOf(result), bench.place);
    bench.tell(call, text);
    const type = result.kind === 'refused' ? ('error-text' as const) : ('text' as const);
    const { toolCallId, toolName } = call;
    results.push({ type: 'tool-result', toolCallId, toolName, output: { type, value: text } });
  }
  return { message: { role: 'tool', content: results }, plan, reminded, sensible, end };
}

async function callOne({ place }: Bench, tool: BuiltinTool | undefined, call: ModelCall): Promise<ToolEnd> {
  if (place.signal.aborted) return refusal(NOT_CARRIED_OUT);
  if (call.fault !== null) return refusal(call.fault, true);
  if (tool === undefined) return refusal(`There is no tool ${call.toolName}.`, true);
  try {
    return await tool.call(call.input, place);
  } catch (thrown) {
    if (place.signal.aborted) return refusal(NOT_CARRIED_OUT);
    throw thrown;
  }
}

/** Who says in one breath that it edits and that it is done has not seen that the edit failed. */
function guarded(result: ToolEnd, failed: boolean): ToolEnd {
  const ends = result.kind === 'finished' || result.kind === 'proposed';
  return ends && failed ? refusal(NOT_FINISHED) : result;
}

function textOf(result: ToolEnd): string {
  switch (result.kind) {
    case 'ok':
    case 'refused':
      return result.text;
    case 'plan':
      return 'The plan is set.';
    case 'proposed':
      return 'The plan is handed over.';
    case 'finished':
      return 'Finished.';
    default:
      return assertNever(result);
  }
}

function endOf(result: ToolEnd): RunnerEnd | null {
  if (result.kind === 'finished') return { kind: 'succeeded', summary: result.summary };
  if (result.kind === 'proposed') return { kind: 'planned', plan: result.text, items: result.items };
  return null;
}

const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

/** Secrets hidden, and no characters that endpoints or the database refuse. */
function readable(text: string, { redact }: ToolPlace): string {
  return redact(stripVTControlCharacters(text).replaceAll(CONTROLS, '')).toWellFormed();
}
