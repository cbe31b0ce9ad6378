/** Zips made by hand, so that they can say anything about themselves: what no library that writes zips lets one say. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface MadeEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** Unix mode; a plain file when left out. */
  readonly mode?: number;
  /** 8 deflates the content, everything else stores it. */
  readonly method?: number;
  /** General purpose bits; names are UTF-8 when left out. */
  readonly flags?: number;
  /** What is in the zip in place of the compressed content. */
  readonly data?: Buffer;
  /** What the headers say in place of the truth. */
  readonly size?: number;
  readonly crc?: number;
  /** Where its local header is said to be. */
  readonly offset?: number;
}

/** `count` is what the zip says about the number of its entries, the truth when left out. */
export function makeZip(entries: readonly MadeEntry[], count = entries.length): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name as string);
    const content = Buffer.from((entry.content as string | undefined) ?? '');
    const data = entry.data ?? (entry.method === 8 ? deflateRawSync(content) : content);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(entry.flags ?? 0x800, 2);
    facts.writeUInt16LE(entry.method ?? 0, 4);
    facts.writeUInt32LE(entry.crc ?? crc32(content), 10);
    facts.writeUInt32LE(data.length, 14);
    facts.writeUInt32LE(entry.size ?? content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    rest.writeUInt32LE(entry.offset ?? offset, 10);
    local.push(Buffer.from('PK\u0003\u0004', 'latin1'), facts, name, data);
    directory.push(Buffer.from('PK\u0001\u0002\u0014\u0003', 'latin1'), facts, rest, name);
    offset += 30 + name.length + data.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(count % 65_536, 8);
  end.writeUInt16LE(count % 65_536, 10);
  end.writeUInt32LE(length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, ...directory, end]);
}
