import { z } from 'zod';
import { FunadeError } from '../../kernel/index.ts';
import type { Delivery } from '../../intake/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { DELIVERY_OUTCOMES, type DeliveryView, deliveryView, pageOf } from '../contract/index.ts';
import { identityOf, requireRole } from '../guard.ts';

const byId = z.object({ id: z.string().min(1) });
const query = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().optional(),
  source: z.string().optional(),
  outcome: z.enum(DELIVERY_OUTCOMES).optional(),
});

/** `/deliveries`: what forges sent, and why something did or did not happen. */
export function registerDeliveries(app: ApiApp, { intake }: ControlPlane): void {
  app.get(
    '/deliveries',
    {
      onRequest: requireRole('viewer', 'list deliveries'),
      schema: {
        summary: 'What forges sent or polling found, newest first',
        querystring: query,
        response: { 200: pageOf(deliveryView) },
      },
    },
    async (request) => {
      const { items, next } = await intake.listDeliveries(request.query);
      return { items: items.map(viewOf), next };
    },
  );

  app.get(
    '/deliveries/:id',
    {
      onRequest: requireRole('deployer', 'read a delivery'),
      schema: { summary: 'One delivery with its body', params: byId, response: { 200: deliveryView } },
    },
    async (request) => {
      const delivery = await intake.getDelivery(request.params.id);
      if (delivery === undefined)
        throw new FunadeError('FUN_NOT_FOUND', {
          kind: 'delivery',
          id: request.params.id,
          list: 'funade deliveries list',
        });
      return viewOf(delivery);
    },
  );

  app.post(
    '/deliveries/:id/replay',
    {
      onRequest: requireRole('deployer', 'replay a delivery'),
      schema: { summary: 'Admit a stored delivery once more', params: byId, response: { 201: deliveryView } },
    },
    async (request, reply) =>
      reply.code(201).send(viewOf(await intake.replay(request.params.id, identityOf(request).user))),
  );
}

function viewOf(delivery: Delivery): DeliveryView {
  const { runIds, taskIds, headers } = delivery;
  return { ...delivery, runIds: [...runIds], taskIds: [...taskIds], headers: { ...headers } };
}
