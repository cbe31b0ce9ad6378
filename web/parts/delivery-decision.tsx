import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { DeliveryView } from '../../src/api/contract/index.ts';
import { deliveryReasonTexts } from '../../src/api/contract/reasons.ts';
import { type Texts, useTexts } from '../language.tsx';
import { runPath, taskPath } from '../routes.ts';

interface Decided {
  readonly outcome: string;
  readonly reason: string | null;
}

function sentencesOf(delivery: Decided, { t, language }: Texts): readonly string[] {
  const told = deliveryReasonTexts(delivery, language);
  if (told.length > 0) return told;
  if (delivery.outcome === 'queued') return [t('delivery.why.queued')];
  return [t(delivery.outcome === 'pong' ? 'delivery.why.pong' : 'delivery.why.none')];
}

/** Why it was decided so, in full sentences. */
export function DecisionReason({ delivery }: { readonly delivery: Decided }) {
  const texts = useTexts();
  return <>{sentencesOf(delivery, texts).join(texts.language === 'ja' ? '' : ' ')}</>;
}

/** The runs and tasks that came of a delivery. */
export function Became({ delivery }: { readonly delivery: Pick<DeliveryView, 'runIds' | 'taskIds'> }) {
  const links = [
    ...delivery.runIds.map((id) => ({ id, to: runPath(id) })),
    ...delivery.taskIds.map((id) => ({ id, to: taskPath(id) })),
  ];
  return links.map(({ id, to }, index) => (
    <span key={id}>
      {index > 0 && ', '}
      <Anchor component={Link} to={to} size="sm" underline="always">
        {id}
      </Anchor>
    </span>
  ));
}

export function becameAnything(delivery: Pick<DeliveryView, 'runIds' | 'taskIds'>): boolean {
  return delivery.runIds.length + delivery.taskIds.length > 0;
}
