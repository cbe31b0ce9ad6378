export type Language = 'en' | 'ja';

const UNITS = [
  { milliseconds: 86_400_000, en: 'd', ja: '日' },
  { milliseconds: 3_600_000, en: 'h', ja: '時間' },
  { milliseconds: 60_000, en: 'm', ja: '分' },
  { milliseconds: 1000, en: 's', ja: '秒' },
] as const;

/**
 * The two largest units: `12s`, `3m 20s`, `3分 20秒`. Below a second it is `0s`, and so is a negative span (the
 * browser's clock may be behind the server's).
 */
export function formatDuration(milliseconds: number, language: Language): string {
  const start = UNITS.findIndex((unit) => milliseconds >= unit.milliseconds);
  if (start === -1) return `0${UNITS[3][language]}`;
  let rest = milliseconds;
  const parts: string[] = [];
  for (const unit of UNITS.slice(start, start + 2)) {
    const count = Math.floor(rest / unit.milliseconds);
    rest -= count * unit.milliseconds;
    if (count > 0) parts.push(`${count}${unit[language]}`);
  }
  return parts.join(' ');
}

/** A number with at most `digits` decimals, grouped as the language groups. */
function formatNumber(value: number, digits: number, language: Language): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** `percent` is 0–100. A share that is not zero never reads as `0%`. */
export function formatPercent(percent: number, language: Language): string {
  if (percent > 0 && percent < 0.05) return '<0.1%';
  return `${formatNumber(percent, percent < 10 ? 1 : 0, language)}%`;
}

/** A weight is shown as it was set: whole percents stay whole. */
export function formatWeight(percent: number, language: Language): string {
  return `${formatNumber(percent, 1, language)}%`;
}

export function formatRate(perSecond: number, language: Language): string {
  if (perSecond > 0 && perSecond < 0.05) return '<0.1';
  return formatNumber(perSecond, perSecond < 100 ? 1 : 0, language);
}

/** Milliseconds as a latency: `8.4 ms`, `240 ms`, `1.2 s`. */
export function formatLatency(milliseconds: number, language: Language): string {
  if (milliseconds >= 1000) return `${formatNumber(milliseconds / 1000, 1, language)} s`;
  return `${formatNumber(milliseconds, milliseconds < 10 ? 1 : 0, language)} ms`;
}

export function formatCount(value: number, language: Language): string {
  return formatNumber(value, 0, language);
}

/** US dollars, with cents; of what is less than one, that it is. */
export function formatMoney(dollars: number, language: Language): string {
  const cent = 0.01;
  const shown = new Intl.NumberFormat(language, { style: 'currency', currency: 'USD' });
  return dollars > 0 && dollars < cent ? `< ${shown.format(cent)}` : shown.format(dollars);
}

export function formatTime(at: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
}

export function shortSha(sha: string): string {
  return sha.slice(0, 7);
}

/** The first line of a commit message. */
export function subjectOf(message: string): string {
  return message.split('\n', 1)[0]?.trim() ?? '';
}
