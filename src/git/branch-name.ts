const LONGEST = 200;

/**
 * Whether git takes it as the name of a branch, by the rules of `git check-ref-format --branch`; and nobody, forge or command line,
 * takes it for something else (an option, `HEAD`, a commit id, a full ref).
 */
export function isBranchName(name: string): boolean {
  if (name === '' || Buffer.byteLength(name) > LONGEST) return false;
  if (/[\u0000-\u0020\u007f~^:?*[\\]/.test(name) || /\.\.|@\{|\/\/|\.$|^\/|\/$/.test(name)) return false;
  if (name.startsWith('-') || name === '@' || name === 'HEAD' || name.startsWith('refs/')) return false;
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}
