/* Names that git accepts (git-check-ref-format) and that are safe as an argument: no option, no control character. */
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[./]$/;

export type RefName =
  | { readonly kind: 'branch'; readonly ref: string; readonly name: string }
  | { readonly kind: 'tag'; readonly ref: string; readonly name: string }
  | { readonly kind: 'unsupported_ref' }
  | { readonly kind: 'invalid_ref' };

/** Splits a full ref name; refs beside branches and tags (notes, pull requests) are not supported. */
export function readRef(ref: string): RefName {
  if (ref.startsWith('refs/heads/')) return named('branch', ref, ref.slice('refs/heads/'.length));
  if (ref.startsWith('refs/tags/')) return named('tag', ref, ref.slice('refs/tags/'.length));
  return { kind: 'unsupported_ref' };
}

function named(kind: 'branch' | 'tag', ref: string, name: string): RefName {
  if (name === '' || name.length > 250 || /^[-./]/.test(name) || FORBIDDEN.test(name)) return { kind: 'invalid_ref' };
  if (!name.isWellFormed()) return { kind: 'invalid_ref' };
  return { kind, ref, name };
}
