import { type Language, type MessageValues, fill } from '../kernel/index.ts';
import { block, cell, code, oneLine } from './markdown.ts';
import type { Evidence } from './port.ts';
import { type IssueTexts, english, japanese } from './texts.ts';

const LONGEST_TITLE = 160;
const LONGEST_LOGS = 24_000;

type Say = (key: keyof IssueTexts, values?: MessageValues) => string;

function sayIn(language: Language): Say {
  const texts = language === 'ja' ? japanese : english;
  return (key, values) => fill(texts[key], values);
}

/** The issue of a release that failed: what, where, when, why, the evidence, and what happens next. */
export function issueText(
  evidence: Evidence,
  options: { readonly language: Language; readonly handedOver: boolean; readonly label: string },
): { readonly title: string; readonly body: string } {
  const say = sayIn(options.language);
  const { app, environment, reason } = evidence;
  const release = `v${evidence.release.number}`;
  const title = oneLine(
    say('title', { app, release, environment, reason: reason === '' ? evidence.outcome : reason }),
    LONGEST_TITLE,
  );
  const { label } = options;
  const body = [
    say(`did.${evidence.outcome}`, { app, release, environment }),
    facts(evidence, say),
    ...proofOf(evidence, say),
    heading(say('head.look')),
    commandsOf(evidence, say),
    heading(say('head.next')),
    say(options.handedOver ? 'next.agent' : 'next.people', { label }),
    say('next.fix', { environment }),
  ];
  return { title, body: joined(body) };
}

/** What is added when the same release fails again. */
export function repeatedComment(evidence: Evidence, language: Language): string {
  const say = sayIn(language);
  const { app, environment } = evidence;
  return joined([
    say('again', { app, environment, release: `v${evidence.release.number}` }),
    facts(evidence, say),
    ...proofOf(evidence, say),
  ]);
}

export function bakedComment(
  values: { readonly release: string; readonly environment: string },
  language: Language,
): string {
  return sayIn(language)('baked', values);
}

function facts({ release, stable, outcome, reason, at, rolloutId }: Evidence, say: Say): string {
  const before = stable === null ? say('nothing') : `v${stable.number} ${cell(stable.commit.slice(0, 12))}`;
  const rows = [
    [say('row.release'), `v${release.number} ${cell(release.commit.slice(0, 12))} ${cell(release.message)}`],
    [say(outcome === 'rollback_failed' ? 'row.before' : 'row.stable'), before],
    [say('row.reason'), cell(reason, 500)],
    [say('row.at'), timeOf(at)],
    [say('row.rollout'), cell(rolloutId)],
  ];
  return table(['', ''], rows);
}

function proofOf({ findings, metrics, commits, logs }: Evidence, say: Say): readonly string[] {
  const shown = metrics.map(({ name, verdict, value, limit }) => [
    cell(name),
    verdictOf(verdict, say),
    cell(value),
    cell(limit),
  ]);
  return [
    ...(findings.length === 0 ? [] : [heading(say('head.findings')), list(findings.map((each) => code(each, 500)))]),
    ...(metrics.length === 0
      ? []
      : [heading(say('head.metrics')), table([say('metric'), say('verdict'), say('value'), say('limit')], shown)]),
    ...(commits.length === 0
      ? []
      : [
          heading(say('head.commits')),
          list(
            commits.map(
              ({ sha, subject, author }) => `${code(sha.slice(0, 12))} ${code(subject)} – ${code(author, 80)}`,
            ),
          ),
        ]),
    heading(say('head.logs')),
    logs.length === 0 ? say('noLogs') : block(logs, LONGEST_LOGS),
    say('foreign'),
  ];
}

function commandsOf({ runId, rolloutId, app, environment }: Evidence, say: Say): string {
  const run = runId === null ? [] : [`\`funade watch ${runId}\` – ${say('look.run')}`];
  return list([
    ...run,
    `\`funade rollout show ${rolloutId}\` – ${say('look.rollout')}`,
    `\`funade fn logs ${app} --environment ${environment}\` – ${say('look.logs')}`,
  ]);
}

const VERDICTS = ['pass', 'fail', 'inconclusive', 'no_data', 'provider_error'] as const;

function verdictOf(verdict: string, say: Say): string {
  const known = VERDICTS.find((each) => each === verdict);
  return known === undefined ? cell(verdict) : say(`verdict.${known}`);
}

/** `2026-11-26 03:38:29 UTC` */
function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function heading(text: string): string {
  return `### ${text}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function joined(parts: readonly string[]): string {
  return parts.join('\n\n');
}
