import { Button } from '@mantine/core';
import { useTexts } from '../language.tsx';
import styles from './entry-list.module.css';
import { ProblemNote } from './problem-note.tsx';

interface LoadMoreProps {
  readonly list: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly isFetchNextPageError: boolean;
    readonly error: Error | null;
    readonly fetchNextPage: () => Promise<unknown>;
  };
}

export function LoadMore({ list }: LoadMoreProps) {
  const { t } = useTexts();
  if (!list.hasNextPage) return null;
  return (
    <div className={styles['more']}>
      {list.isFetchNextPageError && <ProblemNote error={list.error} />}
      <Button size="xs" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
        {t('list.more')}
      </Button>
    </div>
  );
}
