import { Anchor, VisuallyHidden } from '@mantine/core';
import type { TaskView } from '../../src/api/contract/index.ts';
import { changeName, subjectName, webAddress } from '../intake.ts';
import { useTexts } from '../language.tsx';

/** `acme/greeter#12 Greets twice`, linked to the forge. The title is text of others. */
export function SubjectLink({ task }: { readonly task: TaskView }) {
  const { t } = useTexts();
  const address = webAddress(task.url);
  const name = <strong>{subjectName(task)}</strong>;
  return (
    <>
      {address === null ? (
        name
      ) : (
        <Anchor href={address} target="_blank" rel="noopener" size="sm" underline="always">
          {name}
          <VisuallyHidden component="span"> {t('app.newTab')}</VisuallyHidden>
        </Anchor>
      )}{' '}
      {task.title}
    </>
  );
}

/** `pull request #31`, linked to the forge; nothing before there is one. */
export function ChangeLink({ task }: { readonly task: Pick<TaskView, 'forge' | 'change'> }) {
  const { t } = useTexts();
  const name = changeName(task);
  if (task.change === null || name === null) return null;
  const address = webAddress(task.change.url);
  const text = t(task.forge === 'gitlab' ? 'task.mergeRequest' : 'task.pullRequest', { name });
  if (address === null) return <>{text}</>;
  return (
    <Anchor href={address} target="_blank" rel="noopener" size="sm" underline="always">
      {text}
      <VisuallyHidden component="span"> {t('app.newTab')}</VisuallyHidden>
    </Anchor>
  );
}
