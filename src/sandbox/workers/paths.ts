import { join } from 'node:path';
import type { WorkerRequest } from '../port.ts';

/** Where a path of the request leads outside: the longest mount that it lies in. */
export function sourceOf(request: Pick<WorkerRequest, 'mounts' | 'sockets'>, path: string): string {
  const [mount] = [...request.mounts, ...(request.sockets ?? [])]
    .filter((each) => path === each.path || path.startsWith(`${each.path}/`))
    .sort((left, right) => right.path.length - left.path.length);
  return mount === undefined ? path : join(mount.source, path.slice(mount.path.length));
}
