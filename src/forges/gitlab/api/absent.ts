import { reasonOf, statusOf } from '../../api/failure.ts';

/** The answer, or null when what was asked for is not there; the project itself has to be. */
export async function orAbsent<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    const status = statusOf(error);
    const isAbsent = status === 410 || (status === 404 && !/project not found/i.test(reasonOf(error)));
    if (isAbsent) return null;
    throw error;
  }
}
