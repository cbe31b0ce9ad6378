import { useSyncExternalStore } from 'react';
import { formatDuration, formatTime } from '../format.ts';
import { useTexts } from '../language.tsx';

const watchers = new Set<() => void>();
let clock = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  clock = Date.now();
  for (const watcher of watchers) watcher();
}

/** One clock for the whole page: a list with hundreds of times is drawn once a second, not hundreds of times. */
function watchClock(watcher: () => void): () => void {
  watchers.add(watcher);
  clock = Date.now();
  timer ??= setInterval(tick, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function watchNothing(): () => void {
  return () => undefined;
}

/** The time now, told again every second while `running`. */
function useNow(running: boolean): number {
  return useSyncExternalStore(running ? watchClock : watchNothing, () => clock);
}

/** From `from` to `to`, or to now. */
export function Elapsed({ from, to }: { readonly from: number; readonly to: number | null }) {
  const { language } = useTexts();
  const now = useNow(to === null);
  return <span title={formatTime(from, language)}>{formatDuration((to ?? now) - from, language)}</span>;
}

/** The text of a span that ends or begins now: `text('3m 20s')`. Negative spans read as zero. */
export function SpanText({ at, text }: { readonly at: number; readonly text: (duration: string) => string }) {
  const { language } = useTexts();
  const now = useNow(true);
  return <span title={formatTime(at, language)}>{text(formatDuration(Math.abs(now - at), language))}</span>;
}

/** `text` until the moment has come, `past` afterwards. */
export function Deadline(props: {
  readonly at: number;
  readonly text: (duration: string) => string;
  readonly past: string;
}) {
  const { language } = useTexts();
  const now = useNow(true);
  const left = props.at - now;
  return (
    <span title={formatTime(props.at, language)}>
      {left > 0 ? props.text(formatDuration(left, language)) : props.past}
    </span>
  );
}
