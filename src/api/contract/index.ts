export * from './views.ts';
export * from './artifacts.ts';
export * from './requests.ts';
export * from './session.ts';
export * from './functions.ts';
export * from './intake.ts';
export * from './reasons.ts';
