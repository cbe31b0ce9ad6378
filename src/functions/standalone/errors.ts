import { type Fault, FunadeError } from '../../kernel/index.ts';

export function invalid(name: string, faults: readonly Fault[]): FunadeError {
  return new FunadeError('FUN_FUNCTION_INVALID', { name, count: faults.length }, { faults });
}

export function badRequest(message: string, path: string): FunadeError {
  return new FunadeError('FUN_BAD_REQUEST', { count: 1 }, { faults: [{ message, path }] });
}

export function conflict(action: string, reason: string): FunadeError {
  return new FunadeError('FUN_CONFLICT', { action, reason, look: 'funade fn list' });
}

export function deletedMeanwhile(name: string): FunadeError {
  return conflict(`publish ${name}`, 'it was deleted meanwhile; send it again');
}

export function notFound(kind: string, id: string, list: string): FunadeError {
  return new FunadeError('FUN_NOT_FOUND', { kind, id, list });
}
