// Fills its place for temporary files.
import { writeFileSync } from 'node:fs';

export const handler = async () => {
  for (let count = 0; ; count += 1) {
    try {
      writeFileSync(`/tmp/${count}`, Buffer.alloc(1 << 20));
    } catch (error) {
      return [error.code, count];
    }
  }
};
