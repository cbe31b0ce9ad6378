import type { Channel } from './channel.ts';

/**
 * Tells when nothing is left to do in the process: no timer, no socket, no request of any call. Meanwhile the wait for the
 * host must not keep the process alive, or that moment never comes.
 */
export function createIdleWatch(channel: Channel): (callback: () => void) => void {
  let waiting: (() => void)[] = [];
  process.on('beforeExit', () => {
    channel.hold(true);
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  });
  return function whenIdle(callback) {
    if (waiting.length === 0) channel.hold(false);
    waiting.push(callback);
  };
}
