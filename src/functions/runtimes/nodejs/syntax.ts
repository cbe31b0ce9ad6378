import { Session } from 'node:inspector';
import { dirname, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fault } from './faults.ts';
import type { FaultMeta } from '../messages.ts';

type Place = NonNullable<FaultMeta['place']>;

/**
 * What INIT_ERROR says of code that does not compile. V8 knows the place of a syntax error but gives it to no script; the
 * inspector of this very process reads it. Files other than the handler's are named in the message instead.
 */
export async function syntaxFault(error: SyntaxError, file: string): Promise<Error> {
  const session = new Session();
  session.connect();
  try {
    const culprit = fileOf(error) ?? (await fileOfModule(session, file));
    const place = placeOf(session, error);
    if (place === undefined) return faultOf(error.message);
    if (culprit === file) return faultOf(error.message, place);
    const name = culprit === undefined ? 'a module that it imports' : relative(dirname(file), culprit);
    return faultOf(`${error.message} (${name}:${place.line}:${place.column})`);
  } finally {
    session.disconnect();
  }
}

/** The same for code that was compiled without a module around it; it has one file. */
export function scriptFault(error: SyntaxError): Error {
  const session = new Session();
  session.connect();
  try {
    return faultOf(error.message, placeOf(session, error));
  } finally {
    session.disconnect();
  }
}

function faultOf(message: string, place?: Place): Error {
  return fault('Runtime.UserCodeSyntaxError', message, undefined, place);
}

/** Errors of CommonJS, of scripts and of linking have `file:line` and the source before their stack. */
function fileOf(error: SyntaxError): string | undefined {
  const named = /^(file:\/\/.+|\/.+):\d+\n/.exec(error.stack ?? '')?.[1];
  return named?.startsWith('file:') === true ? pathOf(named) : named;
}

function pathOf(url: string): string {
  return fileURLToPath(url.replace(/[?#].*$/, ''));
}

/** Those of ES modules have nothing: the module is compiled once more, and the debugger told which file it is that fails. */
async function fileOfModule(session: Session, file: string): Promise<string | undefined> {
  let failed: string | undefined;
  session.on('Debugger.scriptFailedToParse', ({ params }) => {
    failed ??= params.url;
  });
  session.post('Debugger.enable');
  await import(pathToFileURL(file).href).catch(() => {});
  session.post('Debugger.disable');
  return failed?.startsWith('file:') === true ? pathOf(failed) : undefined;
}

const KEY = 'funade syntax error';

function placeOf(session: Session, error: SyntaxError): Place | undefined {
  const globals = globalThis as Record<string, unknown>;
  globals[KEY] = error;
  let place: Place | undefined;
  session.post('Runtime.evaluate', { expression: `globalThis['${KEY}']` }, (_, evaluated) => {
    const id = evaluated?.result?.objectId;
    if (id === undefined) return;
    session.post('Runtime.getExceptionDetails', { errorObjectId: id }, (_failure, answer) => {
      const details = (answer as { exceptionDetails?: { lineNumber: number; columnNumber: number } }).exceptionDetails;
      if (details !== undefined && details.lineNumber >= 0) {
        place = { line: details.lineNumber + 1, column: details.columnNumber + 1 };
      }
    });
  });
  delete globals[KEY];
  return place;
}
