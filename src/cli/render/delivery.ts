import { type DeliveryView, deliveryReasonTexts } from '../../api/contract/index.ts';
import { textOf } from '../locales/index.ts';
import { nextLines, paragraph } from './block.ts';
import { type Line, print, span, spread } from './line.ts';
import { ago } from './lists.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

/** What was decided of a delivery, why, and what it became. */
export function renderDecision(delivery: DeliveryView, screen: Screen): string[] {
  return decisionLines(delivery, screen).map((line) => print(line, screen));
}

/** One delivery: what came, what was decided and why. */
export function renderDelivery(delivery: DeliveryView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const lines: readonly Line[] = [
    ...decisionLines(delivery, screen),
    ...Object.entries(delivery.headers).flatMap(([name, value]) =>
      paragraph([span(`${clean(name)}: `, 'dim')], value, { width: screen.width }),
    ),
  ];
  const body =
    delivery.body === null ? [text('delivery.noBody')] : delivery.body.split('\n').map((line) => clean(line));
  return [...lines.map((line) => print(line, screen)), '', ...body];
}

function decisionLines(delivery: DeliveryView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const outcome = text(`delivery.${delivery.outcome}`);
  const reason = delivery.reason === null ? '' : `: ${delivery.reason}`;
  const next = [
    ...delivery.runIds.map((run) => ({ command: `funade watch ${run}` })),
    ...delivery.taskIds.map((task) => ({ command: `funade tasks show ${task}` })),
  ];
  return [
    spread([span(clean(`${delivery.source} ${delivery.event}`), 'strong')], [span(delivery.id, 'dim')], screen),
    ...paragraph([], `${outcome}${reason} (${ago(delivery.receivedAt, screen)})`, screen),
    ...deliveryReasonTexts(delivery, screen.language).flatMap((sentence) => paragraph([], sentence, screen)),
    ...originOf(delivery, screen).flatMap((fact) => paragraph([], fact, { width: screen.width, tone: 'dim' })),
    ...nextLines(next, screen),
  ];
}

/** How it came, and whether that was for the first time. */
function originOf(delivery: DeliveryView, screen: Screen): readonly string[] {
  const text = textOf(screen.language);
  const { secretLabel, remoteAddress, replayOf, duplicates, lastDuplicateAt } = delivery;
  const facts: string[] = [];
  if (replayOf !== null) facts.push(text('delivery.replayOf', { id: replayOf }));
  if (delivery.via === 'poll') facts.push(text('delivery.viaPoll'));
  if (secretLabel !== null)
    facts.push(text('delivery.verifiedBy', { label: secretLabel, client: remoteAddress ?? '-' }));
  if (duplicates > 0) {
    const when = lastDuplicateAt === null ? '-' : ago(lastDuplicateAt, screen);
    facts.push(text('delivery.duplicates', { count: duplicates, when }));
  }
  return facts;
}
