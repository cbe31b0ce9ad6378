const FORM = /^[A-Za-z0-9][\w./-]{0,99}$/;

/**
 * Whether Git accepts every branch that begins with `prefix` and ends with the name of a task (`issue-7`). Narrower than
 * `git check-ref-format`: what needs quoting in a shell or an address is left out.
 */
export function isBranchPrefix(prefix: string): boolean {
  if (!FORM.test(prefix) || prefix.startsWith('refs/')) return false;
  return !/\.\.|\/\/|\/\.|\.lock\//.test(prefix);
}
