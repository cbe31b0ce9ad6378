export type { PollOutcome, PollReport, PolledApplication, PolledRepository, Poller, PollerOptions } from './port.ts';
export { createPoller } from './poller.ts';
