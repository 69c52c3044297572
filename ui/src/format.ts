import { zone } from './zone';

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
  if (value < 1000) return value === 1 ? '1 octet' : `${value} octets`;
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

/** A time whose fields of UTC are what the chosen clock shows. */
export function shifted(at: Date): Date {
  return zone.get() === 'utc' ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
}

function day(at: string): string {
  return shifted(new Date(at)).toISOString().slice(0, 10);
}

/** 2026-11-22 14:05:07 as the chosen clock says. */
export function absolute(at: string): string {
  return Number.isNaN(Date.parse(at)) ? at : `${day(at)} ${clock(at)}`;
}

/** Sentences of the relay name times in UTC; beside times of the chosen clock they are of it as well. */
export function localTimes(text: string): string {
  return text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (at) => absolute(at));
}

/** When the chosen clock shows that: "2026-11-22T14:05" or with seconds. */
export function instantOf(shown: string): Date {
  return new Date(zone.get() === 'utc' ? `${shown}Z` : shown);
}

export function clock(at: string): string {
  const time = shifted(new Date(at));
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}

/** To the millisecond; with its day when that is not today's. */
export function exactly(at: string, now: number): string {
  const time = `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;
  const itsDay = day(at);
  return itsDay === day(new Date(now).toISOString()) ? time : `${itsDay} ${time}`;
}

/** By the clock on the wall, and by the other. */
export function bothClocks(at: string): string {
  const time = new Date(at);
  const here = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString();
  return `${here.slice(0, 19).replace('T', ' ')} here, ${at.slice(0, 19).replace('T', ' ')} UTC`;
}

export function plural(value: number, one: string, more: string): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}

/** Text from outside with what would be obeyed instead of shown, controls and marks of direction, as its number. */
export function visible(text: string): string {
  return text.replace(/[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same of text whose line ends are to stay. */
export function visibleLines(text: string): string {
  return text.split(/\r?\n/).map(visible).join('\n');
}
