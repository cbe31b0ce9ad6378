import { stripVTControlCharacters } from 'node:util';
import type { OutputStream } from '../../../sandbox/index.ts';
import type { PlanItem, Progress } from '../../port.ts';

const MARK = 'FUNADE_PROGRESS ';
const LONGEST_LINE = 64 * 1024;
const LONGEST_NOTE = 200;
const LONGEST_ITEM = 300;
const MOST_ITEMS = 50;
/** Characters of the end of stdout that are kept. */
const TAIL = 16 * 1024;
const LONGEST_LAST_WORDS = 4000;
/** Milliseconds between two reports. */
const BETWEEN = 500;

/** Reads the output of a command-line agent as it comes. */
export interface Listener {
  hear(chunk: string, stream: OutputStream): void;
  /** Reports what was still kept back. */
  end(): void;
  /** The end of what it said on stdout, without its reports of progress. */
  lastWords(): string;
  /** The checklist as it was reported last. */
  plan(): readonly PlanItem[];
}

type Said = Partial<Pick<Progress, 'plan' | 'note'>>;

/** Tells of the last line that is not empty, and of structured progress; at most twice a second. */
export function createListener(report: (said: Said) => void): Listener {
  const pending: Record<OutputStream, string> = { stdout: '', stderr: '' };
  let unsaid: Said = {};
  let timer: NodeJS.Timeout | undefined;
  let tail = '';
  let plan: readonly PlanItem[] = [];

  function hearLine(raw: string, stream: OutputStream): void {
    const line = stripVTControlCharacters(raw).trimEnd();
    if (line.trimStart().startsWith(MARK)) return hearProgress(line.trimStart().slice(MARK.length));
    if (stream === 'stdout') tail = `${tail}${line}\n`.slice(-TAIL);
    if (line.trim() !== '') tell({ note: line.trim().slice(0, LONGEST_NOTE) });
  }

  function hearProgress(text: string): void {
    const said = parseProgress(text);
    if (said === null) return;
    plan = said.plan ?? plan;
    tell(said);
  }

  function tell(said: Said): void {
    unsaid = { ...unsaid, ...said };
    timer ??= setTimeout(flush, BETWEEN);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const said = unsaid;
    unsaid = {};
    if (Object.keys(said).length > 0) report(said);
  }

  return {
    hear: (chunk, stream) => {
      const lines = (pending[stream] + chunk).split(/\r\n|\n|\r/);
      const rest = lines.pop() ?? '';
      for (const line of lines) hearLine(line, stream);
      pending[stream] = rest;
      if (rest.length <= LONGEST_LINE) return;
      hearLine(rest, stream);
      pending[stream] = '';
    },
    end: () => {
      for (const stream of ['stderr', 'stdout'] as const) {
        if (pending[stream] !== '') hearLine(pending[stream], stream);
        pending[stream] = '';
      }
      flush();
    },
    lastWords: () => {
      const words = tail.trim();
      if (words.length <= LONGEST_LAST_WORDS) return words;
      const end = words.slice(-LONGEST_LAST_WORDS);
      return end.slice(end.indexOf('\n') + 1);
    },
    plan: () => plan,
  };
}

/** `{"plan":[{"text":"…","done":true}],"note":"…"}`, each part of it optional; null when it is something else. */
export function parseProgress(text: string): Said | null {
  const value = parse(text);
  if (typeof value !== 'object' || value === null) return null;
  const { plan, note } = value as { readonly plan?: unknown; readonly note?: unknown };
  return {
    ...(Array.isArray(plan) ? { plan: plan.slice(0, MOST_ITEMS).flatMap(itemOf) } : {}),
    ...(typeof note === 'string' && note.trim() !== '' ? { note: note.trim().slice(0, LONGEST_NOTE) } : {}),
  };
}

/** The items of a Markdown checklist. */
export function checklistIn(markdown: string): readonly PlanItem[] {
  const items = [...markdown.matchAll(/^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[(?<mark>[ xX])\][ \t]+(?<text>.+)$/gm)];
  return items.slice(0, MOST_ITEMS).map(({ groups }) => ({
    text: (groups?.['text'] ?? '').trim().slice(0, LONGEST_ITEM),
    done: groups?.['mark'] !== ' ',
  }));
}

function itemOf(value: unknown): readonly PlanItem[] {
  if (typeof value !== 'object' || value === null) return [];
  const { text, done } = value as { readonly text?: unknown; readonly done?: unknown };
  if (typeof text !== 'string' || text.trim() === '') return [];
  return [{ text: text.trim().slice(0, LONGEST_ITEM), done: done === true }];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // an agent's line is no reason to fail
  }
}
