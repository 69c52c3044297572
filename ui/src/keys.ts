import { useEffect } from 'preact/hooks';
import { go, goBack, leftFor, place } from './route';

const PAGES: Record<string, string> = { o: '/', a: '/activity', p: '/providers', b: '/bounces', d: '/diagnose', m: '/domains', s: '/suppressions', k: '/keys' };
const PAIR_MS = 1200;

function isField(target: EventTarget | null): target is HTMLElement {
  return target instanceof HTMLElement && target.matches('input, select, textarea');
}

/** Moves to another of the rows that the page marks with data-row; their links mark data-open. */
function move(by: number) {
  const links = [...document.querySelectorAll<HTMLElement>('[data-row] [data-open]')];
  if (links.length === 0) return;
  const now = links.findIndex((each) => each === document.activeElement);
  const next = now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, now + by));
  links[next]?.focus();
  links[next]?.closest('[data-row]')?.scrollIntoView({ block: 'nearest' });
}

/** Whoever comes back to a list goes on at the row that they had opened. Whether there is one. */
export function focusRowLeft(): boolean {
  const path = leftFor();
  const link = path ? [...document.querySelectorAll<HTMLElement>('[data-row] [data-open]')].find((each) => each.getAttribute('href') === path) : undefined;
  link?.focus();
  link?.closest('[data-row]')?.scrollIntoView({ block: 'center' });
  return link !== undefined;
}

/** For a list that is there later than its page. */
export function useRowLeft() {
  useEffect(() => {
    if (!document.activeElement || document.activeElement.matches('body, h1, main')) focusRowLeft();
  }, []);
}

function back() {
  const { path } = place.get();
  if (path.startsWith('/messages/')) goBack('/activity');
  else if (path.split('/').length > 2) goBack(path.slice(0, path.lastIndexOf('/')));
}

/** Keys for the whole page; they rest while somebody types or a dialog is open. */
export function useKeys(onHelp: () => void) {
  useEffect(() => {
    let leader = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('dialog[open]')) return;
      if (isField(event.target)) {
        if (event.key === 'Escape') event.target.blur();
        return;
      }
      const paired = Date.now() - leader < PAIR_MS;
      leader = 0;
      const page = paired ? PAGES[event.key] : undefined;
      if (page) go(page);
      else if (event.key === 'g') leader = Date.now();
      else if (event.key === '/') document.getElementById('search')?.focus();
      else if (event.key === 'j') move(1);
      else if (event.key === 'k') move(-1);
      else if (event.key === '?') onHelp();
      else if (event.key === 'Escape') back();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
