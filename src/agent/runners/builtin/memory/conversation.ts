import { type ModelMessage, modelMessageSchema } from 'ai';
import { z } from 'zod';
import type { PlanItem } from '../../../port.ts';

/**
 * A piece of the conversation that is kept or dropped as a whole. A `turn` is an answer of the model with the results of its calls, so
 * that calls and results are never parted.
 */
export interface Entry {
  readonly kind: 'instruction' | 'summary' | 'comments' | 'reminder' | 'turn';
  readonly messages: readonly ModelMessage[];
}

/** What the runner saves after every step, and all that it needs to go on. */
export interface Conversation {
  readonly entries: readonly Entry[];
  readonly plan: readonly PlanItem[];
  /** It was asked for a plan before its first edit. */
  readonly reminded: boolean;
  /** Tokens by the endpoint's count for one by ours; 1 before it has counted. */
  readonly ratio: number;
}

export const NEW_CONVERSATION: Conversation = { entries: [], plan: [], reminded: false, ratio: 1 };

const VERSION = 1;

const saved = z.object({
  version: z.literal(VERSION),
  entries: z.array(
    z.object({
      kind: z.enum(['instruction', 'summary', 'comments', 'reminder', 'turn']),
      messages: z.array(modelMessageSchema),
    }),
  ),
  plan: z.array(z.object({ text: z.string(), done: z.boolean() })),
  reminded: z.boolean(),
  ratio: z.number().positive(),
});

export function printConversation(conversation: Conversation): string {
  return JSON.stringify({ version: VERSION, ...conversation });
}

/** Null when it is none that this version can read: then the runner begins anew. */
export function parseConversation(text: string): Conversation | null {
  try {
    const { version: _, ...conversation } = saved.parse(JSON.parse(text));
    return conversation;
  } catch {
    return null;
  }
}

export function messagesOf(conversation: Conversation): readonly ModelMessage[] {
  return conversation.entries.flatMap(({ messages }) => messages);
}

export function withEntry(conversation: Conversation, entry: Entry): Conversation {
  return { ...conversation, entries: [...conversation.entries, entry] };
}

export function userEntry(kind: Entry['kind'], text: string): Entry {
  return { kind, messages: [{ role: 'user', content: text }] };
}
