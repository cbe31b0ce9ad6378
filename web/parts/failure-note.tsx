import { Text } from '@mantine/core';
import type { StageView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import styles from './note.module.css';

export function FailureNote({ failure }: { readonly failure: NonNullable<StageView['failure']> }) {
  const { t } = useTexts();
  return (
    <section className={styles['note']} data-tone="bad" aria-label={t('failure.title')}>
      <Text fw={600}>{failure.message}</Text>
      <Text size="sm">{t('failure.fix', { fix: failure.fix })}</Text>
      <Text size="sm">{failure.retryable ? t('failure.retryable') : t('failure.terminal')}</Text>
      <Evidence lines={failure.evidence} />
      <Text size="xs" mt={6}>
        {t('problem.code', { code: failure.code })}
      </Text>
    </section>
  );
}

export function Evidence({ lines }: { readonly lines: readonly string[] }) {
  const { t } = useTexts();
  if (lines.length === 0) return null;
  return (
    <>
      <Text size="sm" fw={600} mt={6}>
        {t('failure.evidence')}
      </Text>
      <ul className={styles['evidence']}>
        {lines.map((line, index) => (
          // Evidence lines never move, and two may read the same.
          <li key={index}>{line}</li>
        ))}
      </ul>
    </>
  );
}
