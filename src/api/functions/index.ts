import type { Language, Logger } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';
import { createFunctionErrorHandler } from './errors.ts';
import { registerStandaloneFunctions } from './functions.ts';
import { registerFunctionInvocations } from './invocations.ts';
import { registerFunctionObservability } from './observability.ts';
import type { FunctionsPlane } from './plane.ts';
import { registerFunctionSessions } from './sessions.ts';

export type { FunctionsPlane } from './plane.ts';

/** Everything below `/api/v1` about functions, in a scope of its own: it has its own form of errors. */
export function functionResourcesOf(
  plane: FunctionsPlane,
  options: { readonly logger: Logger; readonly language: Language },
): (app: ApiApp) => void {
  const handleError = createFunctionErrorHandler(options);
  return (app) => {
    for (const register of [
      registerStandaloneFunctions,
      registerFunctionObservability,
      registerFunctionSessions,
      registerFunctionInvocations,
    ]) {
      void app.register(async (inner) => {
        const scope = inner as unknown as ApiApp;
        scope.setErrorHandler(handleError);
        register(scope, plane, options.logger);
      });
    }
  };
}
