import { Anchor, VisuallyHidden } from '@mantine/core';
import type { TaskView } from '../../src/api/contract/index.ts';
import { subjectName, webAddress } from '../intake.ts';
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
