import { go, place, withQuery } from '../route';

export const WINDOWS = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days' } as const;
export type Window = keyof typeof WINDOWS;

export function windowOf(query: URLSearchParams): Window {
  const asked = query.get('window');
  return asked && asked in WINDOWS ? (asked as Window) : '24h';
}

export function sinceOf(window: Window): string {
  const hours = { '1h': 1, '24h': 24, '7d': 24 * 7, '30d': 24 * 30 }[window];
  return new Date(Date.now() - hours * 3_600_000).toISOString();
}

/** Which time the page tells of; kept in its address. */
export function WindowPicker() {
  const now = windowOf(place.use().query);
  return (
    <div class="choice" role="group" aria-label="Time">
      {Object.entries(WINDOWS).map(([key, words]) => (
        <button key={key} type="button" aria-pressed={key === now} title={words}
          onClick={() => go(withQuery({ window: key }), 'replace')}>{key}</button>
      ))}
    </div>
  );
}
