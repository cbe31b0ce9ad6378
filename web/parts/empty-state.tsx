import { Text, Title } from '@mantine/core';
import { useTexts } from '../language.tsx';
import { Commands } from './commands.tsx';
import styles from './panel.module.css';

export function EmptyState() {
  const { t } = useTexts();
  return (
    <section className={styles['panel']} aria-labelledby="empty-title">
      <Title order={2} size="h4" id="empty-title">
        {t('empty.title')}
      </Title>
      <Text mt="xs">{t('empty.intro')}</Text>
      <Commands
        commands={[
          { command: 'funade config init', why: t('empty.init') },
          { command: 'git add funade.yaml && git commit -m "Add funade.yaml"', why: t('empty.commit') },
          { command: 'funade app add .', why: t('empty.add') },
          { command: 'funade ship <app>', why: t('empty.ship') },
          { command: 'funade watch', why: t('empty.watch') },
        ]}
      />
      <Text mt="md">{t('empty.demo')}</Text>
      <Commands commands={[{ command: 'npm run demo' }]} />
    </section>
  );
}
