import type { GuardConfig } from '../../config/index.ts';
import { type Language, fill } from '../../kernel/index.ts';
import type { Decision } from '../decision.ts';
import { guardText } from '../texts/index.ts';
import type { Uncertainty } from '../world.ts';

const WHY = {
  late: {
    en: 'the time for it was over',
    ja: '時間切れになりました',
  },
  failed: {
    en: 'the guard failed on it; an operator finds error id {id} in its log',
    ja: 'ガードの処理が失敗しました。運用担当者はログでエラー ID {id} を確認できます',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Language, string>>>>;

type Config = Pick<GuardConfig, 'rules' | 'language'>;

/** The answer when the decider had none before the deadline. */
export function decisionTooLate(config: Config): Decision {
  return undecided(config, WHY.late[config.language], { reason: 'timeout', detail: 'no decision before the deadline' });
}

/** The answer when the decider threw. `insight` goes to the caller: in development only. */
export function decisionFailed(config: Config, id: string, insight: string | null): Decision {
  const why = fill(WHY.failed[config.language], { id });
  return undecided(config, insight === null ? why : `${why}: ${insight}`, {
    reason: 'internal',
    detail: `error id ${id}`,
  });
}

function undecided({ rules, language }: Config, why: string, uncertainty: Uncertainty): Decision {
  const say = guardText(language);
  if (rules.onUncertain === 'deny') {
    const { retryAfterSeconds } = rules;
    const message = say('uncertainDenied', { why, seconds: retryAfterSeconds });
    return { kind: 'uncertain', uncertainty, message, retryAfterSeconds };
  }
  return {
    kind: 'allowed',
    warnings: [say('uncertainAllowed', { why })],
    existing: [],
    warned: [],
    notices: [],
    skipped: null,
    bypassed: null,
    uncertain: uncertainty,
  };
}
