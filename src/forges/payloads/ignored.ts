import type { IgnoredEvent } from '../port.ts';

export function ignored(reason: IgnoredEvent['reason']): IgnoredEvent {
  return { kind: 'ignored', reason };
}
