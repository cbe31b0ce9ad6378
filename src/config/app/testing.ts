import { expect } from 'vitest';
import { type ParseOptions, parseAppConfig } from './parse.ts';

export interface Case {
  readonly rule: string;
  readonly yaml: string;
  /** `line:column path | message | fix`, all of them. */
  readonly faults: readonly string[];
}

export const HEAD = 'version: 1\napp: shop\n';
export const FUNCTIONS = 'functions: { api: { runtime: nodejs, handler: index.handler } }\n';
export const TEST = 'pipeline: [{ test: npm test }]\n';

export function faultsOf(yaml: string, options?: ParseOptions): readonly string[] {
  const parsed = parseAppConfig(yaml, 'funade.yaml', options);
  if (parsed.ok) return [];
  return parsed.error.map((fault) => {
    expect(fault.file).toBe('funade.yaml');
    // Whatever a fault quotes as found stands where the fault says it is.
    const quoted = /(?:found|key) "([^"]+)"/.exec(fault.message)?.[1];
    const written = yaml.split('\n')[(fault.line ?? 0) - 1]?.slice((fault.column ?? 0) - 1);
    if (quoted !== undefined && fault.line !== 1) expect(written?.startsWith(quoted)).toBe(true);
    return `${fault.line}:${fault.column} ${fault.path ?? '-'} | ${fault.message} | ${fault.fix}`;
  });
}

/** Files with one part of interest: a stage in line 3, a function in 5, a key of an environment in 7, a metric in 8. */
export const stage = (text: string) =>
  `${HEAD}pipeline: [{ test: npm test }, ${text}]\nenvironments: { prod: { target: noop } }\n`;
export const environment = (text: string) => `${HEAD}${TEST}environments:\n  prod:\n    target: noop\n    ${text}\n`;
export const metric = (text: string) => environment(`analysis:\n      - ${text}`);
export const fn = (text: string) => `${HEAD}${TEST}functions:\n  api: ${text}\n`;
