/** Words between what is wrong and how to mend it, in the texts of both languages. */
const MARKS = [' Fix: ', '対処: '] as const;

/** The two halves of a text about a violation; one without a way to mend it is all reason. */
export function reasonAndFix(message: string): { readonly reason: string; readonly fix: string | null } {
  for (const mark of MARKS) {
    const at = message.indexOf(mark);
    if (at !== -1) return { reason: message.slice(0, at).trim(), fix: message.slice(at + mark.length).trim() };
  }
  return { reason: message, fix: null };
}
