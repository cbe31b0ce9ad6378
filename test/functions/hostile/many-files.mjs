// Opens files until it may not open more.
import { openSync } from 'node:fs';

export const handler = async () => {
  for (let count = 0; ; count += 1) {
    try {
      openSync('/etc/passwd');
    } catch (error) {
      return [error.code, count];
    }
  }
};
