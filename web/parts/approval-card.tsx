import { Anchor, Button, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import type { ApprovalView } from '../../src/api/contract/index.ts';
import { type Decision, decide } from '../client.ts';
import { useTexts } from '../language.tsx';
import { isRole, mayDecide } from '../permissions.ts';
import { useCommand } from '../queries.ts';
import { runPath } from '../routes.ts';
import { useSignedIn } from '../session.tsx';
import { useAnnounce } from './announcer.tsx';
import styles from './approval-card.module.css';
import { Deadline } from './elapsed.tsx';
import { ProblemNote } from './problem-note.tsx';

/** A pending approval with everything that binds it, and the decision where the reader may take it. */
export function ApprovalCard({ approval }: { readonly approval: ApprovalView }) {
  const { t } = useTexts();
  return (
    <div className={styles['card']}>
      <p className={styles['title']}>
        <strong>{titleOf(approval, t)}</strong>
        <Anchor component={Link} to={runPath(approval.runId)} size="sm">
          {t('approval.stage', { stage: approval.stage })}
        </Anchor>
      </p>
      <ApprovalFacts approval={approval} />
      <Decide approval={approval} />
    </div>
  );
}

function titleOf(approval: ApprovalView, t: ReturnType<typeof useTexts>['t']): string {
  return t('approval.title', { app: approval.app, number: approval.releaseNumber, target: approval.target });
}

/** Who may decide, how many are needed, who has, and until when. */
export function ApprovalFacts({ approval }: { readonly approval: ApprovalView }) {
  const { t } = useTexts();
  const approved = approval.decisions.filter((made) => made.decision === 'approve').length;
  const by = approval.by.map((name) => (isRole(name) ? t(`role.${name}`) : name)).join(', ');
  return (
    <>
      <p className={styles['facts']}>
        <span>{t(`approval.state.${approval.state}`)}</span>
        <span>{t('approval.quorum', { count: approved, quorum: approval.quorum })}</span>
        <span>{t('approval.by', { by })}</span>
        {!approval.selfApproval && <span>{t('approval.selfApproval.no')}</span>}
        {approval.state === 'pending' && (
          <Deadline
            at={approval.expiresAt}
            text={(duration) => t('approval.expires', { duration })}
            past={t('approval.expired')}
          />
        )}
      </p>
      {approval.voidReason !== null && <p>{t('approval.void', { reason: approval.voidReason })}</p>}
      {approval.decisions.length > 0 && (
        <ul className={styles['decisions']}>
          {approval.decisions.map((made) => (
            <li key={made.user}>
              {t(`approval.decision.${made.decision}`, { user: made.user })}
              {made.comment !== '' && `: ${made.comment}`}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Decide({ approval }: { readonly approval: ApprovalView }) {
  const { t } = useTexts();
  const session = useSignedIn();
  const announce = useAnnounce();
  const [comment, setComment] = useState('');
  const title = titleOf(approval, t);
  const send = useCommand(
    (decision: Decision) => decide(approval.id, decision),
    ({ decision }) => announce(t(decision === 'approve' ? 'approval.approved' : 'approval.rejected', { title })),
  );
  if (!mayDecide(session, approval)) {
    const decided = approval.decisions.some((made) => made.user === session.user);
    const refusal = t('approval.notAllowed', { user: session.user, role: t(`role.${session.role}`) });
    return <Text size="sm">{decided ? t('approval.decided') : refusal}</Text>;
  }

  function take(decision: Decision['decision']): void {
    send.mutate({ decision, comment: comment.trim() });
  }

  return (
    <form className={styles['form']} onSubmit={(event) => event.preventDefault()}>
      <Textarea
        label={t('approval.comment')}
        aria-label={t('approval.commentFor', { title })}
        rows={1}
        size="sm"
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <div className={styles['buttons']}>
        <Button type="button" size="sm" loading={isSending(send, 'approve')} onClick={() => take('approve')}>
          {t('approval.approve')}
        </Button>
        <Button
          type="button"
          size="sm"
          variant="default"
          loading={isSending(send, 'reject')}
          onClick={() => take('reject')}
        >
          {t('approval.reject')}
        </Button>
      </div>
      {send.isError && <ProblemNote error={send.error} />}
    </form>
  );
}

interface Sending {
  readonly isPending: boolean;
  readonly variables: Decision | undefined;
}

function isSending(send: Sending, decision: Decision['decision']): boolean {
  return send.isPending && send.variables?.decision === decision;
}
