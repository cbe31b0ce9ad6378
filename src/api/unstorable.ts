import type { FastifyRequest } from 'fastify';
import type { Fault } from '../kernel/index.ts';
import { badRequest } from './errors.ts';

const REASON = 'has a character that no text may have (U+0000, or half of a surrogate pair)';

/** Refuses text that PostgreSQL can't hold, wherever in the request it is, before it becomes an error of the database. */
export async function refuseUnstorable(request: FastifyRequest): Promise<void> {
  const faults = [
    ...faultsIn(request.params, ['path']),
    ...faultsIn(request.query, ['query']),
    ...faultsIn(request.body, []),
  ];
  if (faults.length > 0) throw badRequest(faults);
}

function faultsIn(value: unknown, path: readonly string[]): readonly Fault[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [{ message: REASON, path: path.join('.') }];
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => faultsIn(each, [...path, key]));
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
