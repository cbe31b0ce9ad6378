// Leaves a process behind that goes on after the call.
import { spawn } from 'node:child_process';

const name = crypto.randomUUID();

export const handler = async () => {
  spawn('/bin/sh', ['-c', 'while :; do sleep 0.05; done'], { detached: true, stdio: 'ignore' }).unref();
  return name;
};
