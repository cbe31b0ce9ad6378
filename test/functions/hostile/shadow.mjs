// Reads what only the host's root may read, and looks for a way out of its tree.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

const attempt = (act) => {
  try {
    act();
    return 'done';
  } catch (error) {
    return error.code ?? error.name;
  }
};

export const handler = async () => [
  attempt(() => readFileSync('/etc/shadow')),
  attempt(() => readdirSync('/root')),
  attempt(() => readdirSync('/home')),
  attempt(() => readFileSync('/proc/1/mem')),
  attempt(() => writeFileSync('/proc/sys/kernel/core_pattern', 'x')),
  attempt(() => writeFileSync('/var/task/planted', 'x')),
  attempt(() => process.setuid(0)),
];
