import type { Conversation, Entry } from './conversation.ts';

const SMALLEST_RATIO = 0.5;
const LARGEST_RATIO = 4;
const PER_MESSAGE = 4;

/** Tokens by a rough count: four ASCII characters are one, and every other character is one by itself. */
export function roughTokens(text: string): number {
  let wide = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) wide += 1;
  return Math.ceil((text.length - wide) / 4) + wide;
}

export function roughEntry({ messages }: Entry): number {
  return messages.reduce((sum, { content }) => sum + PER_MESSAGE + roughTokens(plain(content)), 0);
}

function plain(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

/** Tokens of a request by our count; `fixed` are those of instructions and tools. */
export function roughRequest(conversation: Conversation, fixed: number): number {
  return conversation.entries.reduce((sum, entry) => sum + roughEntry(entry), fixed);
}

/** The same, as the endpoint would count them, by what it counted before. */
export function estimateRequest(conversation: Conversation, fixed: number): number {
  return Math.ceil(roughRequest(conversation, fixed) * conversation.ratio);
}

/** What the endpoint's count says of ours. An endpoint that counts nonsense does not carry the estimate away. */
export function ratioOf(counted: number | undefined, rough: number): number | null {
  if (counted === undefined || counted <= 0 || rough <= 0) return null;
  return Math.min(Math.max(counted / rough, SMALLEST_RATIO), LARGEST_RATIO);
}
