import { setImmediate } from 'node:timers/promises';

/** The end of what a function writes during one call. */
export interface LogTail {
  hear(line: string): void;
  /** All of it so far, after what is on its way has been given a chance to arrive: logs and answers come over different pipes. */
  read(): Promise<Buffer>;
}

const MOST = 8192;
const TURNS = 3;

export function createLogTail(): LogTail {
  let text = '';
  return {
    hear: (line) => {
      text += `${line}\n`;
      if (text.length > 2 * MOST) text = text.slice(-MOST);
    },
    read: async () => {
      for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
      return Buffer.from(text);
    },
  };
}
