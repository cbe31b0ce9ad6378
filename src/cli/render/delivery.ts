import type { DeliveryView } from '../../api/contract/index.ts';
import { textOf } from '../locales/index.ts';
import { nextLines, paragraph } from './block.ts';
import { type Line, print, span, spread } from './line.ts';
import { ago } from './lists.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

/** One delivery: what came, what was decided and why. */
export function renderDelivery(delivery: DeliveryView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const outcome = text(`delivery.${delivery.outcome}`);
  const reason = delivery.reason === null ? '' : `: ${delivery.reason}`;
  const lines: readonly Line[] = [
    spread([span(`${delivery.source} ${delivery.event}`, 'strong')], [span(delivery.id, 'dim')], screen),
    ...paragraph([], `${outcome}${reason} (${ago(delivery.receivedAt, screen)})`, screen),
    ...nextLines(
      delivery.runIds.map((run) => ({ command: `funade watch ${run}` })),
      screen,
    ),
    ...Object.entries(delivery.headers).flatMap(([name, value]) =>
      paragraph([span(`${name}: `, 'dim')], value, { width: screen.width }),
    ),
  ];
  const body =
    delivery.body === null ? [text('delivery.noBody')] : delivery.body.split('\n').map((line) => clean(line));
  return [...lines.map((line) => print(line, screen)), '', ...body];
}
