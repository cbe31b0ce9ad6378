import { Text, Title } from '@mantine/core';
import { useTexts } from '../language.tsx';
import { Commands } from './commands.tsx';
import styles from './panel.module.css';

interface ConnectNoteProps {
  readonly title: string;
  /** What has to happen besides. */
  readonly how?: string;
}

/** For a page that is empty because no forge has sent anything yet: how to connect one. */
export function ConnectNote({ title, how }: ConnectNoteProps) {
  const { t } = useTexts();
  return (
    <section className={styles['panel']} aria-labelledby="connect-title">
      <Title order={2} size="h4" id="connect-title">
        {title}
      </Title>
      {how !== undefined && <Text mt="xs">{how}</Text>}
      <Text mt="xs">{t('connect.intro')}</Text>
      <Commands
        commands={[
          { command: 'funade source add github --repository <owner>/<name>', why: t('connect.add') },
          { command: 'funade source install github', why: t('connect.install') },
          { command: 'funade doctor', why: t('connect.doctor') },
        ]}
      />
      <Text size="sm" mt="md">
        {t('connect.docs', { path: 'docs/how-to/connect-github.md' })}
      </Text>
    </section>
  );
}
