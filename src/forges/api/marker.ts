/** The hidden first line that makes a comment ours; only there, since the text below may quote others. */
export function withMarker(marker: string, body: string, longest: number): string {
  const text = `${markerLine(marker)}\n${body}`;
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 3).replace(/[\ud800-\udbff]$/, '')}\n…`;
}

export function hasMarker(body: string, marker: string): boolean {
  return body.startsWith(markerLine(marker));
}

function markerLine(marker: string): string {
  const safe = encodeURIComponent(marker).replaceAll('--', '-%2D').replaceAll('%3A', ':').replaceAll('%2F', '/');
  return `<!-- funade:${safe} -->`;
}

/** Cuts a text for a field of limited length, between characters. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
