import { relative, sep } from 'node:path';
import type { RuleTester } from 'oxlint/plugins-dev';

/** A rule of an oxlint plugin, as oxlint itself types it. */
export type Rule = Extract<Parameters<RuleTester['run']>[1], { create: unknown }>;
export type RuleContext = Parameters<Rule['create']>[0];

/** Path of the linted file relative to the repository, with forward slashes. */
export function pathOf(context: RuleContext): string {
  return relative(context.cwd, context.filename).split(sep).join('/');
}
