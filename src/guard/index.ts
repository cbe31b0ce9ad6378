import type { GuardOptions, GuardServer } from './guard.ts';

export { diagnose } from './doctor/diagnose.ts';
export { explain } from './doctor/explain.ts';
export { createKubectl } from './doctor/kubectl.ts';
export { type Collected, collect } from './offline/collect.ts';
export { type AdmissionPolicyOptions, validatingAdmissionPolicy } from './manifests/validating-admission-policy.ts';
export type { Decided } from './offline/decided.ts';
export { type ManifestFault, tellFault } from './offline/fault.ts';
export { type Sources, decode, findFiles, readSources } from './offline/find-files.ts';
export { type LintReport, lint } from './offline/lint.ts';
export { RECORD_FILE, type RecordLine, readLines, readRecords } from './offline/records.ts';
export { replay } from './offline/replay.ts';
export { isBefore, isReview, tryRequests } from './offline/try-requests.ts';
export type { GuardServer } from './guard.ts';

/** See `guard.ts`. Loaded when it is called: the tools of the command line need no server. */
export async function serveGuard(options: GuardOptions): Promise<GuardServer> {
  const server = await import('./guard.ts');
  return server.serveGuard(options);
}
