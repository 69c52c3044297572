import { store } from './store';

export type Zone = 'here' | 'utc';
const KEY = 'waypost-zone';

function kept(): Zone {
  try {
    return localStorage.getItem(KEY) === 'utc' ? 'utc' : 'here';
  } catch {
    return 'here'; // storage may be forbidden
  }
}

/** Whose clock the pages show: the one on the wall, or UTC, as logs have it. */
export const zone = store<Zone>(kept());

export function setZone(next: Zone) {
  zone.set(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // it is kept for this page only
  }
}
