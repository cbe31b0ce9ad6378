import { join } from 'node:path';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { messageOf } from '../../kernel/index.ts';
import { badCode } from './code-faults.ts';
import { ZIP_LIMITS, type ZipLimits, sizeText } from './limits.ts';
import { planTree } from './names.ts';
import { fillFresh, makeDirectories, writeNewFile } from './unpacked-tree.ts';
import { type ZipEntry, readZipEntries } from './zip-entries.ts';

const PIECE = 64 * 1024;
/** Up to here inflating takes less time than handing it to another thread, a hundred microseconds at most. */
const SMALL = 64 * 1024;

/**
 * Unpacks a zip into `directory`, which must not exist: files 0644, or 0755 when their owner may execute them, directories 0755,
 * nothing else. Throws `FUN_BAD_REQUEST` and `FUN_STORAGE_FULL`; then nothing is left behind. What the zip says about its
 * entries (names, links, devices, encryption, compression) is refused all at once and before a byte is written; what only
 * unpacking shows (damaged content, more bytes than the limit, whatever the headers say) ends at the first fault.
 */
export async function unpackZip(bytes: Buffer, directory: string, limits: ZipLimits = ZIP_LIMITS): Promise<void> {
  if (bytes.length > limits.zipBytes)
    throw badCode('code.zip', [{ message: `the zip has more than ${sizeText(limits.zipBytes)}` }]);
  const { entries, faults } = await readZipEntries(bytes, limits);
  const plan = planTree(entries, limits);
  const all = [...plan.faults, ...faults];
  if (all.length > 0) throw badCode('code.zip', all);
  await fillFresh('code.zip', directory, async () => {
    await makeDirectories(directory, plan.directories);
    const budget = createBudget(limits.bytes);
    for (const entry of entries) {
      if (entry.kind === 'file')
        await writeNewFile(join(directory, entry.path), entry.executable, contentOf(entry, budget));
    }
  });
}

/** Takes bytes off what is left for all files together; throws when there is nothing left. */
type Budget = (bytes: number) => void;

function createBudget(limit: number): Budget {
  let left = limit;
  return (bytes) => {
    left -= bytes;
    if (left < 0) throw badCode('code.zip', [{ message: `its files have more than ${sizeText(limit)}` }]);
  };
}

/** Counts real bytes: no header is believed. */
async function* contentOf(entry: ZipEntry, budget: Budget): AsyncGenerator<Buffer> {
  let size = 0;
  let sum = 0;
  for await (const piece of inflated(entry)) {
    size += piece.length;
    budget(piece.length);
    if (size > entry.size) throw longer(entry);
    sum = crc32(piece, sum);
    yield piece;
  }
  if (size < entry.size) throw damaged(entry, `has ${size} of the ${entry.size} bytes that it says`);
  if (sum !== entry.crc32) throw damaged(entry, 'does not have the checksum that it says');
}

function inflated(entry: ZipEntry): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (!entry.deflated) return [entry.data];
  return entry.size <= SMALL && entry.data.length <= SMALL ? [inflateSmall(entry)] : inflateLarge(entry);
}

function inflateSmall(entry: ZipEntry): Buffer {
  try {
    return inflateRawSync(entry.data, { maxOutputLength: Math.max(1, entry.size) });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw longer(entry);
    throw damaged(entry, `can't be inflated (${messageOf(thrown)})`);
  }
}

async function* inflateLarge(entry: ZipEntry): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: PIECE });
  inflate.end(entry.data);
  try {
    for await (const piece of inflate) yield piece as Buffer;
  } catch (thrown) {
    throw damaged(entry, `can't be inflated (${messageOf(thrown)})`);
  }
}

function longer(entry: ZipEntry): Error {
  return damaged(entry, `has more than the ${entry.size} bytes that it says`);
}

function damaged(entry: ZipEntry, message: string): Error {
  return badCode('code.zip', [{ entry: entry.path, message: `its content ${message}` }]);
}
