/**
 * GitLab runs lines such as `/close` or `/merge` of what an account writes, as that account. Texts of Funade quote others, so such
 * lines get an invisible character in front.
 */
export function withoutQuickActions(text: string): string {
  // Not across lines, whatever `^` takes for their end: a text of nothing but line ends would be looked through from each of them.
  return text.replaceAll(/^([^\S\n\r\u2028\u2029]*)\/(?=[a-z])/gim, '$1\u200B/');
}
