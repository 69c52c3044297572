import { store } from './store';

export interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const place = store<Place>(here());

/** What the browser keeps of each page of ours, also when it is loaded anew. */
interface Kept {
  /** How many pages of ours one can go back. */
  behind?: number;
  /** The path that was opened from it. */
  opened?: string;
}

let behind = (history.state as Kept | null)?.behind ?? 0;
let left = '';

/** The path that was opened from this page before; empty when nobody came back to it. */
export function leftFor(): string {
  return left;
}

export function goBack(otherwise: string) {
  if (behind > 0) history.back();
  else go(otherwise, 'replace');
}

export function go(to: string, how: 'push' | 'replace' = 'push') {
  left = '';
  if (how === 'push') {
    history.replaceState({ behind, opened: to }, '');
    history.pushState({ behind: ++behind }, '', to);
  } else history.replaceState({ behind }, '', to);
  place.set(here());
}

/** The same page with these parameters changed; an empty value takes one out. */
export function withQuery(changes: Record<string, string>): string {
  const { path, query } = here();
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}

/** A path of ours to come back to after the login; anything else leads to the first page. */
export function safePath(text: string | null): string {
  if (!text || !text.startsWith('/') || text.startsWith('//') || text.includes('\\')) return '/';
  return text.startsWith('/login') ? '/' : text;
}

/** Links of ours change the page without loading it anew. */
export function followLinks() {
  addEventListener('popstate', (event) => {
    const { behind: now = 0, opened = '' } = (event.state as Kept | null) ?? {};
    left = now < behind ? opened : '';
    behind = now;
    place.set(here());
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin) return;
    if (link.target || link.hasAttribute('download') || /^\/(v1|assets|metrics)\b/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
