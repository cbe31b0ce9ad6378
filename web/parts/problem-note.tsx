import { Button, Text } from '@mantine/core';
import type { ProblemView } from '../../src/api/contract/index.ts';
import { ProblemError, UnreachableError } from '../client.ts';
import { type Texts, useTexts } from '../language.tsx';
import { Commands } from './commands.tsx';
import styles from './note.module.css';

interface Explanation {
  readonly detail: string;
  readonly fix: string;
  readonly code: string | null;
  readonly faults: ProblemView['errors'];
  readonly next: ProblemView['next'];
}

function explain(error: unknown, t: Texts['t']): Explanation {
  if (error instanceof ProblemError) {
    const { detail, fix, code, errors, next } = error.problem;
    return { detail, fix, code, faults: errors, next };
  }
  const nothing = { code: null, faults: [], next: [] };
  if (!(error instanceof UnreachableError)) {
    const detail = t('problem.internal', { message: String(error) });
    return { ...nothing, detail, fix: t('problem.internal.fix') };
  }
  if (error.status === null) {
    return { ...nothing, detail: t('problem.unreachable'), fix: t('problem.unreachable.fix') };
  }
  return { ...nothing, detail: t('problem.answer', { status: error.status }), fix: t('problem.answer.fix') };
}

function placeOf(fault: ProblemView['errors'][number]): string {
  const line = [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(':');
  return [line, fault.path].filter((part) => part !== undefined && part !== '').join(' ');
}

interface ProblemNoteProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** What went wrong, what to do about it, every fault, and the commands to try. */
export function ProblemNote({ error, onRetry }: ProblemNoteProps) {
  const { t } = useTexts();
  const { detail, fix, code, faults, next } = explain(error, t);
  return (
    <div role="alert" className={styles['note']} data-tone="bad">
      <Text fw={600}>{detail}</Text>
      <Text size="sm">
        {t('problem.fix')}: {fix}
      </Text>
      {faults.length > 0 && (
        <>
          <Text size="sm" fw={600} mt="xs">
            {t('problem.faults')}
          </Text>
          <ul className={styles['list']}>
            {faults.map((fault) => (
              <li key={`${placeOf(fault)} ${fault.message}`}>
                <code>{placeOf(fault)}</code> {fault.message} {fault.fix}
              </li>
            ))}
          </ul>
        </>
      )}
      {next.length > 0 && <Commands commands={next} />}
      {code !== null && (
        <Text size="xs" mt={6} c="dimmed">
          {t('problem.code', { code })}
        </Text>
      )}
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          {t('app.retry')}
        </Button>
      )}
    </div>
  );
}
