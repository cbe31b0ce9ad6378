import type { ModelConfig, ModelProvider } from '../../config/index.ts';

/** Where a provider has its API unless it is configured; an OpenAI-compatible one may be anywhere. */
const DEFAULT_MODEL_URLS: Readonly<Record<ModelProvider, string | null>> = {
  'openai-compatible': null,
  anthropic: 'https://api.anthropic.com/v1',
  ollama: 'http://127.0.0.1:11434/v1',
  lmstudio: 'http://127.0.0.1:1234/v1',
};

const ANTHROPIC_VERSION = '2023-06-01';

/** Base of the configured API, without a slash at its end; null when none is configured. */
export function baseUrlOf({ provider, url }: Pick<ModelConfig, 'provider' | 'url'>): URL | null {
  const text = url ?? DEFAULT_MODEL_URLS[provider];
  if (text === null || !URL.canParse(text)) return null;
  const base = new URL(text);
  base.pathname = base.pathname.replace(/\/+$/, '');
  base.search = '';
  base.hash = '';
  return base;
}

export type Header = readonly [name: string, value: string];

/** Headers that bring a key; what a client sends in them never reaches the provider. */
export const KEY_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
]);

/**
 * The key as the provider wants it. Google's own API is met through `openai-compatible` too; its clients are known by the header in
 * which they bring a key.
 */
export function keyHeaders(
  { provider, key }: Pick<ModelConfig, 'provider' | 'key'>,
  client: { readonly has: (name: string) => boolean },
): readonly Header[] {
  if (provider === 'anthropic') {
    const version: readonly Header[] = client.has('anthropic-version')
      ? []
      : [['anthropic-version', ANTHROPIC_VERSION]];
    return key === null ? version : [['x-api-key', key], ...version];
  }
  if (key === null) return [];
  return client.has('x-goog-api-key') ? [['x-goog-api-key', key]] : [['authorization', `Bearer ${key}`]];
}
