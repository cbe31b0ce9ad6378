export * from './views.ts';
export * from './requests.ts';
