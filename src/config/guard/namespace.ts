import { messageOf } from '../../kernel/index.ts';
import type { FaultList } from '../faults.ts';
import type { ReadFile } from '../server/file.ts';
import type { Given } from '../server/values.ts';

/** Kubernetes writes it into every pod that has a service account. */
const FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The namespace of the pod that this process runs in; `undefined` outside of one, `faulty` when it can't be read. */
export function namespaceOfPod({
  readFile,
  faults,
}: {
  readonly readFile: ReadFile;
  readonly faults: FaultList;
}): Given | 'faulty' | undefined {
  try {
    const text = readFile(FILE);
    if (text === undefined) return undefined;
    const origin = { source: 'file', file: FILE, line: 1 } as const;
    return { setting: FILE, value: text.trim(), origin, path: [], place: undefined };
  } catch (thrown) {
    faults.add('unreadable', { file: FILE, reason: messageOf(thrown) });
    return 'faulty';
  }
}
