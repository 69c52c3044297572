const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const whole = new Intl.NumberFormat('en-US');

export function count(value: number): string {
  return whole.format(value).replaceAll(',', '\u202f');
}

export function share(part: number, of: number): string {
  return of > 0 ? percent(part / of) : '–';
}

export function percent(ratio: number): string {
  const value = ratio * 100;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  if (value < 100 && value > 99.9) return '> 99.9 %';
  return `${value < 10 || value % 1 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0)} %`;
}

/** "4 s", "12 m", "3 h", "2 d": the largest unit that fits. */
export function span(seconds: number): string {
  const value = Math.abs(seconds);
  if (value < 1) return '0 s';
  if (value < MINUTE) return `${Math.round(value)} s`;
  if (value < HOUR) return `${Math.round(value / MINUTE)} m`;
  if (value < 2 * DAY) return `${Math.round(value / HOUR)} h`;
  return `${Math.round(value / DAY)} d`;
}

export function milliseconds(ms: number): string {
  if (ms < 1) return '< 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms / 1000);
}

export function octets(value: number): string {
  if (value < 1000) return `${value} octets`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`;
  return `${(value / 1_000_000).toFixed(1)} MB`;
}

export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 2) return 'now';
  return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** 2026-11-22 14:05:07 as the clock on the wall says. */
export function absolute(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock(at)}`;
}

export function clock(at: string): string {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

export function clockMs(at: string): string {
  return `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;
}

export function utc(at: string): string {
  return `${at.slice(0, 19).replace('T', ' ')} UTC`;
}

export function plural(value: number, one: string, more: string): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}
