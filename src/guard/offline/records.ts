import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf } from '../../kernel/index.ts';
import { type ManifestFault } from './fault.ts';
import { type FoundFile, LARGEST_FILE, readSource } from './find-files.ts';
import { readDocuments } from './read-documents.ts';

/** One value of a file of records, and where. */
export interface RecordLine {
  readonly file: string;
  readonly line: number;
  readonly value: unknown;
}

export const RECORD_FILE = /\.(?:ndjson|jsonl|log|json|ya?ml)$/iu;
const LINES = /\.(?:ndjson|jsonl|log)$/iu;

/** Records of a file: of a log line by line, so that it may be of any size; of other files as documents. */
export async function* readRecords(found: FoundFile): AsyncGenerator<RecordLine | ManifestFault> {
  if (found.size === null || LINES.test(found.file)) {
    yield* readLines(found.file, createReadStream(found.path));
    return;
  }
  const source = await readSource(found);
  if ('code' in source) {
    yield source;
    return;
  }
  const { documents, faults } = await readDocuments(found.file, source.text);
  for (const { value, lineOf } of documents) yield { file: found.file, line: lineOf([]), value };
  yield* faults;
}

/** One JSON value a line; empty lines are nothing. */
export async function* readLines(file: string, input: Readable): AsyncGenerator<RecordLine | ManifestFault> {
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() !== '') yield readLine(file, line, text);
    }
  } catch (thrown) {
    yield { code: 'unreadable', values: { reason: messageOf(thrown) }, file };
  }
}

function readLine(file: string, line: number, text: string): RecordLine | ManifestFault {
  if (text.length > LARGEST_FILE) {
    const [size, limit] = [text.length, LARGEST_FILE].map((bytes) => Math.ceil(bytes / 1024 / 1024));
    return { code: 'tooLarge', values: { size, limit }, file, line };
  }
  try {
    return { file, line, value: JSON.parse(text) as unknown };
  } catch (thrown) {
    return { code: 'record', values: { reason: messageOf(thrown) }, file, line };
  }
}
