import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModel } from 'ai';
import type { ModelConfig } from '../../../../config/index.ts';
import { type Result, err, ok } from '../../../../kernel/index.ts';
import { baseUrlOf } from '../../../model/endpoint.ts';
import { fetchModel } from './fetch-model.ts';

/** Of Anthropic's API, which wants a limit with every request; it never takes more of the window than a quarter. */
const LONGEST_ANSWER = 16_000;

export interface Connected {
  readonly model: Exclude<LanguageModel, string>;
  /** Tokens that one answer may have; undefined leaves it to the provider. */
  readonly maxOutputTokens: number | undefined;
}

/** What talks to the model, or what is missing in the configuration. Connects to nothing yet. */
export function connectModel(config: ModelConfig): Result<Connected, string> {
  const { provider, name, key } = config;
  const base = baseUrlOf(config);
  if (name === null) return err('agent.model.name is not set');
  if (base === null) return err('agent.model.url is not set, or is no URL');
  const url = base.href.replace(/\/$/, '');
  if (provider === 'anthropic') {
    // An empty key instead of none: without one the client would look for a key in the environment.
    const model = createAnthropic({ baseURL: url, apiKey: key ?? '', fetch: fetchModel })(name);
    return ok({ model, maxOutputTokens: Math.min(LONGEST_ANSWER, Math.floor(config.window / 4)) });
  }
  const access = key === null ? {} : { apiKey: key };
  const model = createOpenAICompatible({ name: provider, baseURL: url, ...access, fetch: fetchModel })(name);
  return ok({ model, maxOutputTokens: undefined });
}
