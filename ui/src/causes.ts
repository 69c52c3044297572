import { ask } from './client';
import type { Causes } from './schema';
import { store } from './store';

/** What each class of replies is called by the rules of this relay, the same on all pages. */
export const titles = store<Record<string, string>>({});

export async function readTitles() {
  const { data } = await ask<Causes>('/v1/causes');
  titles.set(Object.fromEntries(data.map(({ cause, title }) => [cause, title])));
}
