import { useEffect, useRef } from 'preact/hooks';
import { renewSession } from './client';
import { store } from './store';
import type { Event } from './schema';

/** One event of docs/format/events.md, as far as the pages read it. */
export interface MailEvent extends Event {
  id?: string;
  about?: string;
  recipients?: string[];
  site?: string;
}

export type Liveness = 'connecting' | 'live' | 'lost';
export const liveness = store<Liveness>('connecting');

const KINDS = ['accepted', 'rejected', 'delivered', 'deferred', 'bounced', 'expiring', 'expired', 'cancelled', 'held',
  'released', 'rescheduled', 'suppressed', 'late_bounced', 'late_delayed', 'complained', 'unsubscribed', 'auto_replied', 'port_switched',
  'diagnosed'];
const AGAIN_MS = 10_000;
const REST_AFTER_MS = 5_000;

type Follower = (event: MailEvent | null) => void;
const followers = new Set<Follower>();
let source: EventSource | null = null;
let again = 0;
let resting = 0;
let wanted = false;

function tell(event: MailEvent | null) {
  for (const follower of [...followers]) follower(event);
}

function heard(message: MessageEvent<string>) {
  try {
    tell(JSON.parse(message.data) as MailEvent);
  } catch {
    tell(null); // a line that cannot be read is like one that was missed
  }
}

/**
 * Listens as long as somebody is logged in. The browser comes back by itself after a cut; after a refusal we do.
 * A stream takes one of the six connections that a browser has for a host: a page that nobody sees gives it back,
 * or the seventh page would not load.
 */
export function listen() {
  wanted = true;
  if (source || document.hidden) return;
  source = new EventSource('/v1/events');
  source.onopen = () => {
    liveness.set('live');
    tell(null); // of what happened between a page's first look and now nobody else tells
  };
  source.onerror = () => {
    liveness.set('lost');
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    again = window.setTimeout(listen, AGAIN_MS);
    // A browser does not tell why it was refused. A page that only listens would never learn that its session has ended.
    renewSession().catch(() => undefined); // whatever else it is, it is tried again
  };
  for (const kind of KINDS) source.addEventListener(kind, heard);
  source.addEventListener('gap', () => tell(null));
}

export function deafen() {
  wanted = false;
  close();
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
  liveness.set('connecting');
}

function comeBack() {
  clearTimeout(resting);
  if (!wanted || source || document.hidden) return;
  listen();
}

addEventListener('pagehide', close);
addEventListener('pageshow', comeBack);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) resting = window.setTimeout(close, REST_AFTER_MS);
  else comeBack();
});

/** Calls `follower` with each event, and with null where some were missed. */
export function useEvents(follower: Follower) {
  const newest = useRef(follower);
  newest.current = follower;
  useEffect(() => {
    const call: Follower = (event) => newest.current(event);
    followers.add(call);
    return () => void followers.delete(call);
  }, []);
}

/** A function that calls `act` at most once in `ms`, and a last time after the last call. */
export function useCalm(act: () => void, ms: number): () => void {
  const newest = useRef(act);
  newest.current = act;
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    if (timer.current) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      newest.current();
    }, ms);
  };
}
