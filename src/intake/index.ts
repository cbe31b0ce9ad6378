export { type IntakeOptions, createIntake } from './intake.ts';
export type {
  Admission,
  AdmissionPlan,
  Admitted,
  Arrival,
  Delivery,
  Intake,
  IntakeAnswer,
  IntakeLimits,
  IntakeMetrics,
  IntakeRequest,
  Outcome,
  StoredOutcome,
} from './port.ts';
export { intakeServerOptions } from './settings.ts';
