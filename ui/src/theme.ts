import { store } from './store';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'waypost-theme';

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto'; // storage may be forbidden
  }
}

export const theme = store<Theme>(kept());
const wide = matchMedia('(prefers-color-scheme: dark)');

/** What is seen now. */
export const shade = store<'light' | 'dark'>('light');

function show() {
  const seen = theme.get() === 'auto' ? (wide.matches ? 'dark' : 'light') : theme.get();
  document.documentElement.dataset['shade'] = seen;
  shade.set(seen as 'light' | 'dark');
}

export function setTheme(next: Theme) {
  theme.set(next);
  try {
    if (next === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // it is kept for this page only
  }
  show();
}

export function startTheme() {
  wide.addEventListener('change', show);
  show();
}
