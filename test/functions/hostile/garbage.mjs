// Writes on the wire what is no frame.
import { writeSync } from 'node:fs';

export const handler = async () => {
  writeSync(3, 'hello world, this is no frame');
  await new Promise((resolve) => setTimeout(resolve, 5000));
};
