import { localTimes } from '../format';

/** Whose limit it is: a place in the configuration, or the person who set it and until when. */
export function Origin({ origin }: { origin: string }) {
  return isSet(origin) ? <span>{localTimes(origin)}</span> : <code>{origin}</code>;
}

export function LimitOrigin({ origin }: { origin: string }) {
  return <p><span class="label">{isSet(origin) ? 'The limit was' : 'The limit stands in'}</span> <Origin origin={origin} /></p>;
}

function isSet(origin: string): boolean {
  return origin.startsWith('set by ');
}
