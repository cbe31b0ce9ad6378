import { type Entry, type ZipFile, fromBufferPromise, getFileNameLowLevel } from 'yauzl';
import { isFunadeError, messageOf } from '../../kernel/index.ts';
import { type CodeFault, badCode } from './code-faults.ts';
import type { ZipLimits } from './limits.ts';
import type { NamedEntry } from './names.ts';

/** An entry as the zip describes it; nothing of that is known to be true yet. */
export interface ZipEntry extends NamedEntry {
  readonly executable: boolean;
  /** As it is in the zip. */
  readonly data: Buffer;
  readonly deflated: boolean;
  /** Bytes of the content, by the header. */
  readonly size: number;
  readonly crc32: number;
}

export interface ZipContents {
  readonly entries: readonly ZipEntry[];
  /** What is wrong with entries apart from their names. */
  readonly faults: readonly CodeFault[];
}

const STORED = 0;
const DEFLATED = 8;
const END_RECORD = Buffer.from('PK\u0005\u0006', 'latin1');
const TYPE = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const REFUSED_TYPES = new Map([
  [0o120000, 'a link'],
  [0o020000, 'a device'],
  [0o060000, 'a device'],
  [0o010000, 'a named pipe'],
  [0o140000, 'a socket'],
]);

/** Reads what a zip lists. Throws `FUN_BAD_REQUEST` when it can't be read as one or lists too many entries. */
export async function readZipEntries(bytes: Buffer, limits: ZipLimits): Promise<ZipContents> {
  try {
    // Names are decoded below: yauzl would stop at the first that it does not like.
    const zip = await fromBufferPromise(bytes, { decodeStrings: false });
    if (zip.entryCount > limits.entries)
      throw badCode('code.zip', [{ message: `it has more than ${limits.entries} entries` }]);
    return await readAll(zip, bytes);
  } catch (thrown) {
    throw isFunadeError(thrown) ? thrown : unreadable(messageOf(thrown));
  }
}

async function readAll(zip: ZipFile, bytes: Buffer): Promise<ZipContents> {
  const entries: ZipEntry[] = [];
  const faults: CodeFault[] = [];
  let listed = 0;
  for await (const entry of zip.eachEntry()) {
    listed += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    // yauzl's entries are not kept: their extra fields can be made to need a gigabyte.
    const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
    const found = faultsOf(entry, name);
    const data = found.length === 0 ? await locateData(zip, entry, bytes) : null;
    if (data === null && found.length === 0) found.push('its content is not in the zip');
    faults.push(...found.map((message) => ({ entry: name, message })));
    entries.push({
      path: name.endsWith('/') ? name.slice(0, -1) : name,
      kind: name.endsWith('/') ? 'directory' : 'file',
      executable: (modeOf(entry) & 0o100) !== 0,
      data: data ?? Buffer.alloc(0),
      deflated: entry.compressionMethod === DEFLATED,
      size: entry.uncompressedSize,
      crc32: entry.crc32,
    });
  }
  if (listsMore(bytes, listed)) throw unreadable('its directory has more entries than it says');
  return { entries, faults };
}

function faultsOf(entry: Entry, name: string): string[] {
  const faults: string[] = [];
  const type = modeOf(entry) & TYPE;
  const isDirectory = name.endsWith('/');
  if (REFUSED_TYPES.has(type)) faults.push(`it is ${REFUSED_TYPES.get(type)}; only files and directories may be in it`);
  else if (type !== 0 && type !== REGULAR && type !== DIRECTORY) faults.push('it is neither a file nor a directory');
  if (type === DIRECTORY && !isDirectory) faults.push('it is a directory, but its name does not end with `/`');
  if (isDirectory && entry.uncompressedSize > 0) faults.push('it is a directory, but has content');
  if (entry.isEncrypted()) faults.push('it is encrypted');
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
    faults.push(`it is compressed with method ${entry.compressionMethod}; use 0 (stored) or 8 (deflate)`);
  return faults;
}

/** Unix mode, which only stands there when a system that knows modes made the entry; else 0. */
function modeOf(entry: Entry): number {
  return entry.externalFileAttributes >>> 16;
}

async function locateData(zip: ZipFile, entry: Entry, bytes: Buffer): Promise<Buffer | null> {
  try {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize);
  } catch {
    return null; // no header there, or the content goes past the end
  }
}

/**
 * Whether the directory is longer than the entries that were read: their number has 16 bits, and a zip of 65 537 files may say 1.
 * The form that has more bits for it writes the length elsewhere, too.
 */
function listsMore(bytes: Buffer, listed: number): boolean {
  const length = bytes.readUInt32LE(bytes.lastIndexOf(END_RECORD) + 12);
  return length !== 0xffffffff && length > listed;
}

function unreadable(reason: string): Error {
  return badCode('code.zip', [{ message: `it can't be read as a zip: ${reason}` }]);
}
