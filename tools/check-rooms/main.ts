import { fileURLToPath } from 'node:url';
import { findRoomFaults } from './walk.ts';

const faults = await findRoomFaults(fileURLToPath(new URL('../../src', import.meta.url)));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
