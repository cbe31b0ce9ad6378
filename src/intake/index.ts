export { type Finding, recordFindings } from './findings.ts';
export { type IntakeOptions, createIntake } from './intake.ts';
export type {
  AdmissibleEvent,
  Admission,
  AdmissionPlan,
  Admitted,
  Arrival,
  Delivery,
  DeliveryFilter,
  Intake,
  IntakeAnswer,
  IntakeLimits,
  IntakeMetrics,
  IntakeRequest,
  Outcome,
  StoredOutcome,
  VerificationFailure,
  Via,
} from './port.ts';
export {
  type PollOutcome,
  type PollReport,
  type PolledApplication,
  type PolledRepository,
  type Poller,
  type PollerOptions,
  createPoller,
} from './polling/index.ts';
export { intakeServerOptions } from './settings.ts';
export { handleWhileStarting } from './starting.ts';
export type {
  ActiveSource,
  ConfiguredSource,
  HookInstalled,
  NewSource,
  RepositoryState,
  SourceDirectory,
  SourceMade,
  SourceState,
  Sources,
} from './sources/port.ts';
export { type SourcesOptions, createSources } from './sources/sources.ts';
