import { findInside, openRegular, placeInside } from './inside.ts';
import { Refused } from './port.ts';

/** Larger files are for `search` and `run`. */
export const LARGEST_FILE = 5 * 1024 * 1024;

/** The text of a file of the checkout; refuses what is too large or is not UTF-8. */
export async function readText(root: string, path: string): Promise<string> {
  const file = await openRegular(await findInside(root, path), path, 'read');
  try {
    const { size } = await file.stat();
    if (size > LARGEST_FILE) throw new Refused(`${path} has ${size} bytes, too many to read whole: use search or run.`);
    return decode(path, await file.readFile());
  } finally {
    await file.close();
  }
}

function decode(path: string, bytes: Buffer): string {
  if (bytes.subarray(0, 8192).includes(0)) throw new Refused(`${path} is a binary file of ${bytes.length} bytes.`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused(`${path} is no UTF-8 text (${bytes.length} bytes).`);
  }
}

/** Replaces the content and keeps the mode of a file that is there; makes it otherwise. */
export async function writeText(root: string, path: string, text: string): Promise<void> {
  const file = await openRegular(await placeInside(root, path), path, 'write');
  try {
    await file.truncate(0);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}
