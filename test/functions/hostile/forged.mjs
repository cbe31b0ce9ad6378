// Answers a call that nobody made.
import { writeSync } from 'node:fs';

export const handler = async () => {
  const meta = Buffer.from('{}');
  const frame = Buffer.alloc(11 + meta.length);
  frame.writeUInt32BE(7 + meta.length, 0);
  frame.writeUInt8(4, 4);
  frame.writeUInt32BE(0x00ffffff, 5);
  frame.writeUInt16BE(meta.length, 9);
  meta.copy(frame, 11);
  writeSync(3, frame);
  await new Promise((resolve) => setTimeout(resolve, 5000));
};
