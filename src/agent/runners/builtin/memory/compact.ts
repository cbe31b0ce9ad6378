import { type Conversation, type Entry, userEntry } from './conversation.ts';
import { estimateRequest, roughEntry } from './estimate.ts';
import { cutMiddle, shortenEntry, shortenTurns } from './shorten.ts';
import { bareSummary, printPlan, transcriptOf } from './transcript.ts';

/** Shares of the window. */
const FULL = 0.75;
const ROOMY = 0.5;
const RECENT = 0.2;
const TRANSCRIPT = 0.5;
const SUMMARY = 0.1;
const INSTRUCTION = 0.25;

const TURNS_KEPT_WHOLE = 4;
const OLD_RESULT = 400;
const SMALLEST_RESULT = 120;
const CHARACTERS_PER_TOKEN = 4;

export interface CompactMeans {
  /** Tokens of the model's window. */
  readonly window: number;
  /** Rough tokens of instructions and tools, which stay. */
  readonly fixed: number;
  /** The model's own summary of a transcript; null when it did not answer. */
  readonly summarise: (transcript: string) => Promise<string | null>;
}

export function isFull(conversation: Conversation, { window, fixed }: Pick<CompactMeans, 'window' | 'fixed'>): boolean {
  return estimateRequest(conversation, fixed) > window * FULL;
}

/** The endpoint said that a request is too long which our estimate let pass: the estimate was wrong, and is raised. */
export function corrected(conversation: Conversation, { window, fixed }: CompactMeans): Conversation {
  const estimate = estimateRequest(conversation, fixed);
  const factor = Math.max((window * 1.1) / Math.max(estimate, 1), 1);
  return { ...conversation, ratio: conversation.ratio * factor };
}

/**
 * Makes room: old results are shortened first; where that is not enough, older turns become one summary. Instructions, the plan and
 * the last turns stay. Works without a model that answers, and ends below the limit whatever the entries hold.
 */
export async function compact(conversation: Conversation, means: CompactMeans): Promise<Conversation> {
  const shortened = shortenTurns(conversation, TURNS_KEPT_WHOLE, OLD_RESULT);
  if (fits(shortened, means, ROOMY)) return shortened;
  const summarised = await summariseOlder(shortened, means);
  if (fits(summarised, means, FULL)) return summarised;
  return squeeze(summarised, means);
}

function fits(conversation: Conversation, { window, fixed }: CompactMeans, share: number): boolean {
  return estimateRequest(conversation, fixed) <= window * share;
}

/** Characters that a share of the window has room for, cautiously. */
function charactersOf(share: number, conversation: Conversation, { window }: CompactMeans): number {
  return Math.floor((window * share * CHARACTERS_PER_TOKEN) / Math.max(conversation.ratio, 1));
}

async function summariseOlder(conversation: Conversation, means: CompactMeans): Promise<Conversation> {
  const { entries } = conversation;
  const kept = instructionsToKeep(entries);
  const recent = recentEntries(conversation, means);
  const older = entries.filter((entry) => !kept.includes(entry) && !recent.includes(entry));
  if (older.length === 0) return conversation;
  const transcript = cutMiddle(transcriptOf(older), charactersOf(TRANSCRIPT, conversation, means));
  const told = (await means.summarise(transcript)) ?? bareSummary(older);
  const text = cutMiddle(told, charactersOf(SUMMARY, conversation, means));
  const head = kept.filter((entry) => !recent.includes(entry));
  return { ...conversation, entries: [...head, summaryEntry(text, conversation), ...recent] };
}

/** The task as it was first told, and what is asked now. */
function instructionsToKeep(entries: readonly Entry[]): readonly Entry[] {
  const all = entries.filter(({ kind }) => kind === 'instruction');
  const first = all[0];
  const last = all.at(-1);
  return [...new Set([first, last])].flatMap((entry) => (entry === undefined ? [] : [entry]));
}

/** The longest end of the conversation that takes no more than its share; the last turn at least. */
function recentEntries({ entries, ratio }: Conversation, { window }: CompactMeans): readonly Entry[] {
  let room = (window * RECENT) / ratio;
  let from = entries.length;
  let turns = 0;
  while (from > 0) {
    const entry = entries[from - 1];
    if (entry === undefined) break;
    room -= roughEntry(entry);
    if (room < 0 && turns > 0) break;
    if (entry.kind === 'turn') turns += 1;
    from -= 1;
  }
  return entries.slice(from);
}

function summaryEntry(text: string, { plan }: Conversation): Entry {
  const list = plan.length === 0 ? '' : `\n\nThe plan as it is now:\n${printPlan(plan)}`;
  return userEntry('summary', `Summary of the work so far, which is left out here to save room:\n\n${text}${list}`);
}

/** What is left is too large by itself: results and texts are cut, harder each time, and at last the instructions. */
function squeeze(conversation: Conversation, means: CompactMeans): Conversation {
  const limits = halvings(charactersOf(RECENT, conversation, means));
  for (const limit of limits) {
    const squeezed = shortenKind(conversation, limit, (kind) => kind !== 'instruction');
    if (fits(squeezed, means, FULL)) return squeezed;
  }
  const bare = shortenKind(conversation, limits.at(-1) ?? SMALLEST_RESULT, (kind) => kind !== 'instruction');
  const instructions = bare.entries.filter(({ kind }) => kind === 'instruction').length;
  const limit = charactersOf(INSTRUCTION / Math.max(instructions, 1), conversation, means);
  return shortenKind(bare, limit, (kind) => kind === 'instruction');
}

function halvings(from: number): readonly number[] {
  const limits: number[] = [];
  for (let limit = from; limit >= SMALLEST_RESULT; limit = Math.floor(limit / 2)) limits.push(limit);
  return limits;
}

function shortenKind(
  conversation: Conversation,
  limit: number,
  isMeant: (kind: Entry['kind']) => boolean,
): Conversation {
  const entries = conversation.entries.map((entry) => (isMeant(entry.kind) ? shortenEntry(entry, limit) : entry));
  return { ...conversation, entries };
}
