import type { ReleaseView } from '../../src/api/contract/index.ts';
import { formatTime, shortSha, subjectOf } from '../format.ts';
import { useTexts } from '../language.tsx';
import styles from './release-line.module.css';

type Release = Pick<ReleaseView, 'number' | 'commit'>;

/** `v12 a1b2c3d Greets in French`, the commit's author and time in its tooltip. */
export function ReleaseLine({ release }: { readonly release: Release }) {
  return (
    <span className={styles['line']}>
      <strong>v{release.number}</strong> <CommitLine commit={release.commit} />
    </span>
  );
}

export function CommitLine({ commit }: { readonly commit: Release['commit'] }) {
  const { language } = useTexts();
  return (
    <span title={`${commit.author}, ${formatTime(commit.at, language)}`}>
      <code className={styles['sha']}>{shortSha(commit.sha)}</code> <span>{subjectOf(commit.message)}</span>
    </span>
  );
}
