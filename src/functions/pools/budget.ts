import { totalmem } from 'node:os';

/** Memory that all instances of this host may take together. */
export interface Budget {
  /** Megabytes in use and in all. */
  usage(): { readonly used: number; readonly total: number };
  /**
   * Takes megabytes for one instance; false when there are none. Then idle instances of other pools are closed, the longest idle
   * first, and `freed` is called when some memory has come back.
   */
  take(member: BudgetMember, megabytes: number): boolean;
  give(megabytes: number): void;
  join(member: BudgetMember): void;
  leave(member: BudgetMember): void;
}

export interface BudgetMember {
  /** `performance.now()` since when its longest idle instance that could go has done nothing; null without one. */
  idleSince(): number | null;
  /** Closes that instance. */
  closeIdle(): void;
  freed(): void;
}

/** Part of the machine's memory that instances may have. */
const SHARE = 0.6;
const MEGABYTE = 1024 * 1024;

export function createBudget(total = Math.floor((totalmem() * SHARE) / MEGABYTE)): Budget {
  const members = new Set<BudgetMember>();
  const waiting = new Set<BudgetMember>();
  let used = 0;

  function closeLongestIdle(): void {
    let oldest: BudgetMember | undefined;
    let since = Number.POSITIVE_INFINITY;
    for (const member of members) {
      const idle = member.idleSince();
      if (idle === null || idle >= since) continue;
      oldest = member;
      since = idle;
    }
    oldest?.closeIdle();
  }

  return {
    usage: () => ({ used, total }),
    take: (member, megabytes) => {
      if (used + megabytes <= total) {
        used += megabytes;
        waiting.delete(member);
        return true;
      }
      waiting.add(member);
      closeLongestIdle();
      return false;
    },
    give: (megabytes) => {
      used -= megabytes;
      for (const member of [...waiting]) {
        waiting.delete(member);
        member.freed();
      }
    },
    join: (member) => void members.add(member),
    leave: (member) => {
      members.delete(member);
      waiting.delete(member);
    },
  };
}
