import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { formatCount } from '../format.ts';
import { useTexts } from '../language.tsx';
import { readable } from '../payload.ts';
import { Commands } from './commands.tsx';
import styles from './payload-view.module.css';

interface BodyViewProps {
  readonly body: string;
  /** Shows all of a body that is too long for the page. */
  readonly command: string;
}

/** A body as text: what others wrote is never made part of the page. */
export function BodyView({ body, command }: BodyViewProps) {
  const { t, language } = useTexts();
  const { text, total } = useMemo(() => readable(body), [body]);
  return (
    <>
      {/* It scrolls, so the keyboard has to reach it. */}
      <pre className={styles['body']} tabIndex={0} role="group" aria-label={t('delivery.body')}>
        {text}
      </pre>
      {text.length < total && (
        <>
          <Text size="sm" mt="xs">
            {t('delivery.body.part', {
              shown: formatCount(text.length, language),
              total: formatCount(total, language),
            })}
          </Text>
          <Commands commands={[{ command }]} />
        </>
      )}
    </>
  );
}

export function HeaderTable({ headers }: { readonly headers: Readonly<Record<string, string>> }) {
  const { t } = useTexts();
  const entries = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return <Text size="sm">{t('delivery.headers.none')}</Text>;
  return (
    <>
      <dl className={styles['headers']}>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Text size="sm" c="dimmed">
        {t('delivery.headers.masked')}
      </Text>
    </>
  );
}
