import { useTexts } from '../language.tsx';
import type { Sign, SignKind } from '../signs.ts';
import styles from './sign.module.css';

/** The shapes are those of the terminal: ◷ ◌ ॥ ✔ ✖ ⤺ ⊘ •, drawn so that no font has to have them. */
const SHAPES: Readonly<Record<SignKind, string>> = {
  waiting: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 0 1 0-12.5zM8 4.5V8l2.4 1.6',
  running: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 0 1 0-12.5z',
  paused: 'M5.5 3v10M10.5 3v10',
  done: 'M2.75 8.75l3.5 3.5l7-8.25',
  failed: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  rolled_back: 'M5.75 2.75L2.5 6l3.25 3.25M2.75 6h6.5a4 4 0 0 1 0 8H6.5',
  aborted: 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 0 1 0-12.5zM3.6 12.4l8.8-8.8',
  idle: 'M8 6a2 2 0 1 1 0 4a2 2 0 0 1 0-4z',
  alert: 'M8 1.75l6.75 12H1.25zM8 6.25v3.5M8 11.6v.2',
};

/** A state as picture and word. `quiet` hides the word from sight only, where the text beside it says the same. */
export function SignMark({ sign, quiet = false }: { readonly sign: Sign; readonly quiet?: boolean }) {
  const { t } = useTexts();
  const word = t(sign.word);
  return (
    <span className={styles['sign']} data-kind={sign.kind} title={quiet ? word : undefined}>
      <svg className={styles['shape']} viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[sign.kind]} />
      </svg>
      <span className={quiet ? styles['unseen'] : undefined}>{word}</span>
    </span>
  );
}
