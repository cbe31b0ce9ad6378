const DISK_FULL = '53100';
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'ECONNRESET',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EPIPE',
  '57P03',
  '57P01',
  '57P02',
  '08006',
  '08001',
  '53300',
]);

function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return 'cause' in thrown ? codeOf(thrown.cause) : undefined;
}

/** Whether PostgreSQL or the file system had no space left. */
export function isStorageFull(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === DISK_FULL || code === 'ENOSPC' || code === 'EDQUOT';
}

/** Whether the database could not be reached at all, so that the same call may succeed later. */
export function isUnreachable(thrown: unknown): boolean {
  const code = codeOf(thrown);
  if (code !== undefined && UNREACHABLE.has(code)) return true;
  const message = thrown instanceof Error ? thrown.message : '';
  return /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/i.test(
    message,
  );
}
