import type { ModelMessage } from 'ai';
import type { Conversation, Entry } from './conversation.ts';

/** Room for the note, so that a text that was cut once is not cut again. */
const NOTE = 60;
const ALWAYS_KEPT = new Set(['update_plan', 'propose_plan', 'finish']);

/** The beginning and the end of a text, with what lies between counted. */
export function cutMiddle(text: string, limit: number): string {
  if (text.length <= limit + NOTE) return text;
  const note = `\n[… ${text.length - limit} characters left out …]\n`;
  const head = Math.ceil((limit * 2) / 3);
  return `${text.slice(0, head)}${note}${text.slice(text.length - (limit - head))}`;
}

/** Shortens results and arguments of all turns but the last `keep` to `limit` characters each. */
export function shortenTurns(conversation: Conversation, keep: number, limit: number): Conversation {
  const turns = conversation.entries.filter(({ kind }) => kind === 'turn');
  const old = new Set(keep === 0 ? turns : turns.slice(0, -keep));
  return {
    ...conversation,
    entries: conversation.entries.map((entry) => (old.has(entry) ? shortenEntry(entry, limit) : entry)),
  };
}

export function shortenEntry(entry: Entry, limit: number): Entry {
  return { ...entry, messages: entry.messages.map((message) => shortenMessage(message, limit)) };
}

function shortenMessage(message: ModelMessage, limit: number): ModelMessage {
  if (message.role === 'tool') {
    const content = message.content.map((part) => {
      if (part.type !== 'tool-result') return part;
      const { output } = part;
      if (output.type !== 'text' && output.type !== 'error-text') return part;
      return { ...part, output: { ...output, value: cutMiddle(output.value, limit) } };
    });
    return { ...message, content };
  }
  if (typeof message.content === 'string')
    return { ...message, content: cutMiddle(message.content, limit) } as ModelMessage;
  if (message.role !== 'assistant') return message;
  const content = message.content.map((part) => {
    // Reasoning carries signatures of the provider, which an edited text would break.
    if (part.type === 'text') return { ...part, text: cutMiddle(part.text, limit) };
    if (part.type !== 'tool-call' || ALWAYS_KEPT.has(part.toolName)) return part;
    return { ...part, input: shortenInput(part.input, limit) };
  });
  return { ...message, content };
}

function shortenInput(input: unknown, limit: number): unknown {
  if (typeof input === 'string') return cutMiddle(input, limit);
  if (Array.isArray(input)) return input.map((value) => shortenInput(value, limit));
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, shortenInput(value, limit)]));
}
