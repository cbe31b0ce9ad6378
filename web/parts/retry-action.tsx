import { Anchor, Button, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { TaskView } from '../../src/api/contract/index.ts';
import { retryTask } from '../client.ts';
import { useTexts } from '../language.tsx';
import { mayCommand } from '../permissions.ts';
import { useCommand } from '../queries.ts';
import { taskPath } from '../routes.ts';
import { useSignedIn } from '../session.tsx';
import { useAnnounce } from './announcer.tsx';
import { ProblemNote } from './problem-note.tsx';
import styles from './rollout-actions.module.css';

/** Hands the subject of an ended task over once more. */
export function RetryAction({ task }: { readonly task: TaskView }) {
  const { t } = useTexts();
  const session = useSignedIn();
  const announce = useAnnounce();
  const retry = useCommand(retryTask, () => announce(t('retry.sent')));
  if (!task.acts.includes('retry')) return null;
  if (!mayCommand(session)) {
    return <p className={styles['soft']}>{t('retry.notAllowed', { role: t(`role.${session.role}`) })}</p>;
  }
  return (
    <div>
      <div className={styles['row']}>
        <Button size="xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate(task.id)}>
          {t('retry.button')}
        </Button>
        <Text size="sm">{t('retry.explain')}</Text>
      </div>
      {retry.isSuccess && (
        <Text size="sm" mt="sm">
          {t('retry.result')}{' '}
          <Anchor component={Link} to={taskPath(retry.data.id)} underline="always">
            {retry.data.id}
          </Anchor>
        </Text>
      )}
      {retry.isError && <ProblemNote error={retry.error} />}
    </div>
  );
}
