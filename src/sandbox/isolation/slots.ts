import { createHash } from 'node:crypto';

/** Boxes of one server that can have a user of their own at the same time. */
export const SLOTS = 1024;
/** User ids from here on belong to no person, no distribution and no container manager (https://systemd.io/UIDS-GIDS). */
const FIRST_USER = 0x7000_0000;
const SERVERS = 65_536;

/** First user id of a server, by its state directory: two servers on one machine keep apart. */
export function firstUserOf(stateDir: string): number {
  const place = createHash('sha256').update(stateDir).digest().readUInt16BE(0) % SERVERS;
  return FIRST_USER + place * SLOTS;
}

/** Hands out user ids in turn, so that the processes of the last owner of one are long gone when it is used again. */
export interface Slots {
  /** Undefined when all are taken. */
  take(): number | undefined;
  giveBack(user: number): void;
}

export function createSlots(firstUser: number, count = SLOTS): Slots {
  const free = Array.from({ length: count }, (_, index) => firstUser + index);
  const taken = new Set<number>();
  return {
    take: () => {
      const user = free.shift();
      if (user !== undefined) taken.add(user);
      return user;
    },
    giveBack: (user) => {
      if (taken.delete(user)) free.push(user);
    },
  };
}
