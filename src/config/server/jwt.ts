import type { FaultList } from '../faults.ts';
import type { Setting } from './load.ts';
import type { JwtConfig } from './model.ts';
import { type OptionName, serverOptions } from './options.ts';

const ISSUER = 'functions.jwt.issuer';
const AUDIENCE = 'functions.jwt.audience';
const SECRET = 'functions.jwt.secret';
const PUBLIC_KEY = 'functions.jwt.publicKey';

/** Faults between the settings: an issuer and exactly one key go together, or there is none of them. */
export function checkJwt(byName: ReadonlyMap<OptionName, Setting>, faults: FaultList): void {
  // One that was given and is faulty is not in the map, and its fault has been told.
  const isGiven = (name: OptionName): boolean => byName.get(name)?.value !== null;
  const [secret, publicKey] = [isGiven(SECRET), isGiven(PUBLIC_KEY)];
  if (secret && publicKey) {
    const known = [SECRET, PUBLIC_KEY];
    faults.add('settingChoice', { setting: 'functions.jwt', found: known.join(' + '), known: known.join(', ') });
  }
  if (!isGiven(ISSUER) && (secret || publicKey || isGiven(AUDIENCE))) {
    missing([ISSUER], '`https://login.example.com`', faults);
  }
  if (!secret && !publicKey && (isGiven(ISSUER) || isGiven(AUDIENCE))) {
    missing([SECRET, PUBLIC_KEY], '`$(openssl rand -hex 32)`', faults);
  }
}

function missing(names: readonly OptionName[], example: string, faults: FaultList): void {
  const setting = names
    .map((name) => `${name} (${serverOptions.find((option) => option.name === name)?.env ?? ''})`)
    .join(' / ');
  faults.add('settingWrong', {
    setting,
    found: faults.word('nothing'),
    expected: faults.expected('text').words,
    example,
  });
}

/** The settings as one; `textOf` gives what `checkJwt` found no fault with. */
export function jwtOf(textOf: (name: OptionName) => string | null): JwtConfig | null {
  const [issuer, secret, publicKey] = [textOf(ISSUER), textOf(SECRET), textOf(PUBLIC_KEY)];
  if (issuer === null) return null;
  const key =
    secret === null
      ? ({ kind: 'publicKey', value: publicKey ?? '' } as const)
      : ({ kind: 'secret', value: secret } as const);
  return { issuer, audience: textOf(AUDIENCE), key };
}
