import { open } from 'node:fs/promises';
import { type Result, err, ok } from '../../kernel/index.ts';
import type { PairFault } from './certificate-pair.ts';

/** Chains have a few kilobytes. */
const MOST_BYTES = 64 * 1024;
const TRIES = 3;

export interface FilePair {
  readonly cert: string;
  readonly key: string;
}

/** Both files of one moment: a volume that is swapped between the two reads is read again. */
export async function readFilePair(certFile: string, keyFile: string): Promise<Result<FilePair, PairFault>> {
  try {
    let cert = await readSmallFile(certFile);
    for (let tries = 1; ; tries += 1) {
      const key = await readSmallFile(keyFile);
      const again = await readSmallFile(certFile);
      if (cert === again || tries === TRIES) return ok({ cert: again, key });
      cert = again;
    }
  } catch (thrown) {
    const { code = 'unknown' } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return err({ code: 'certificate_missing', message: 'tls.crt or tls.key is not there' });
    return err({ code: 'certificate_unreadable', message: `tls.crt or tls.key can't be read (${code})` });
  }
}

/** What is larger than any chain is cut, and then no certificate any more. */
async function readSmallFile(path: string): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(MOST_BYTES);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, size, MOST_BYTES - size, null);
      size += bytesRead;
      if (bytesRead === 0 || size === MOST_BYTES) return buffer.toString('utf8', 0, size);
    }
  } finally {
    await file.close();
  }
}
