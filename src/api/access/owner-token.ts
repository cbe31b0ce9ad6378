import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';
import { isTokenShaped } from './secrets.ts';

const OTHERS = 0o077;

export interface OwnerToken {
  readonly path: string;
  readonly token: string;
  readonly created: boolean;
}

/**
 * The token in `<folder>/owner-token`, written with mode 0600 when there is none. A file that others may read is closed to
 * them; one that holds no token stops the start, since overwriting it could destroy what someone put there.
 */
export async function readOwnerToken(folder: string, newToken: () => string): Promise<OwnerToken> {
  const path = join(folder, 'owner-token');
  const text = await readIfThere(path);
  if (text === null) {
    const token = newToken();
    const partial = `${path}.new`;
    await rm(partial, { force: true });
    await writeFile(partial, `${token}\n`, { mode: 0o600, flush: true });
    await rename(partial, path); // a crash leaves either no token file or a whole one
    return { path, token, created: true };
  }
  const token = text.trim();
  if (!isTokenShaped(token)) {
    throw new FunadeError('FUN_SETTING_INVALID', {
      setting: path,
      value: '***',
      reason: 'the file holds no Funade token',
      expected: 'the token it held, or delete the file to get a new one',
    });
  }
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) await chmod(path, 0o600);
  return { path, token, created: false };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}
