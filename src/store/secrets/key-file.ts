import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';
import { KEY_BYTES } from './cipher.ts';

const OTHERS = 0o077;
const HEX = new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`);

/**
 * The key of the secrets: the configured one (hexadecimal), else that of `<folder>/secrets-key`, which is made with mode 0600
 * when there is none. A file that holds no key stops the start: a new key in its place would make every secret unreadable.
 */
export async function readSecretsKey(folder: string, configured: string | null): Promise<Buffer> {
  if (configured !== null) return Buffer.from(configured, 'hex');
  const path = join(folder, 'secrets-key');
  const text = await readIfThere(path);
  if (text === null) {
    const key = randomBytes(KEY_BYTES);
    const partial = `${path}.new`;
    await rm(partial, { force: true });
    await writeFile(partial, `${key.toString('hex')}\n`, { mode: 0o600, flush: true });
    await rename(partial, path); // a crash leaves either no key file or a whole one
    return key;
  }
  if (!HEX.test(text.trim())) {
    throw new FunadeError('FUN_SETTING_INVALID', {
      setting: path,
      value: '***',
      reason: 'the file holds no key of the secrets',
      expected: 'the key it held; deleting the file gives up the secrets that are stored',
    });
  }
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) await chmod(path, 0o600);
  return Buffer.from(text.trim(), 'hex');
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}
