import type { Logger } from '../../kernel/index.ts';
import type { ActiveSource } from './port.ts';
import type { Vault } from './secrets.ts';

/** What is wrong with a source itself, in the codes of the contract's reasons: `plain_http`, `secret_unreadable=<label>` and so on. */
export function troublesOf(
  { apiUrl, credentials }: Pick<ActiveSource, 'apiUrl' | 'credentials'>,
  vault: Pick<Vault, 'unreadable' | 'isTokenUnreadable'>,
  isRowFaulty: boolean,
): readonly string[] {
  return [
    ...(isRowFaulty ? ['row_unreadable'] : []),
    ...vault.unreadable.map(({ label }) => `secret_unreadable=${label}`),
    ...(vault.isTokenUnreadable ? ['token_unreadable'] : []),
    ...(credentials !== null && isExposed(apiUrl) ? ['plain_http'] : []),
  ];
}

/** Whether what is sent there can be read on the way: not encrypted, and not within this machine. */
export function isExposed(apiUrl: string): boolean {
  const { protocol, hostname } = new URL(apiUrl);
  const isLoopback = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  return protocol === 'http:' && !isLoopback;
}

/** Logs each trouble when it begins, not with every reading. */
export function createTroubleLog(logger: Logger): (all: ReadonlyMap<string, readonly string[]>) => void {
  let told: ReadonlySet<string> = new Set();
  return (all) => {
    const now = [...all].flatMap(([source, troubles]) => troubles.map((trouble) => ({ source, trouble })));
    for (const each of now) {
      if (!told.has(keyOf(each))) logger.warn(each, messageFor(each.trouble));
    }
    told = new Set(now.map(keyOf));
  };
}

function keyOf({ source, trouble }: { readonly source: string; readonly trouble: string }): string {
  return `${source} ${trouble}`;
}

function messageFor(trouble: string): string {
  if (trouble === 'plain_http') {
    return 'The address of an API is http: whoever is on the way can read the token of the source. Use https.';
  }
  return 'A part of a source can not be read: what was known of it stays in use. See `funade source list`.';
}
