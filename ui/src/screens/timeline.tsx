import { useState } from 'preact/hooks';
import { absolute, count, localTimes, milliseconds, octets, plural, share, visible } from '../format';
import { Icon } from '../parts/icon';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import type { EmailState, Event, Recipient } from '../schema';
import { phaseWord, stateWord, WAITING } from '../words';

/** What the timeline reads of docs/format/events.md. */
interface Told extends Event {
  recipients?: string[];
  reply?: string;
  host?: string;
  address?: string;
  tls?: string;
  certificate?: string;
  phase?: string;
  attempt?: number;
  login?: string;
  client?: string;
  size?: number;
  signed_by?: string;
  took_ms?: number;
  since_accepted_ms?: number;
  scheduled_at?: string;
  steps_ms?: Record<string, number>;
}

/** So many entries are on the page at first, and so many names in one of them. */
const FOLDED = 50;
const NAMED = 8;
const UNFOLDED_AT_ONCE = 500;

/** What happened to all recipients; where that is much, to the chosen one, and the newest of it. */
export function Timeline({ email, chosen }: { email: EmailState; chosen: Recipient | undefined }) {
  const [everybody, showEverybody] = useState(false);
  const [most, setMost] = useState(FOLDED);
  const events = ([...(email.timeline ?? [])] as Told[]).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const one = events.length > FOLDED && email.recipients.length > 1 && !everybody ? chosen : undefined;
  const wanted = one ? events.filter((each) => concerns(each, one.to)) : events;
  const earlier = Math.max(0, wanted.length - most);
  const waiting = (one ? [one] : email.recipients).filter((each) => WAITING.has(each.status));
  if (events.length === 0) return <p class="quiet">The records do not have it yet, or no more: they are kept as long as [records] keep says.</p>;
  return (
    <>
      {one ? (
        <p class="folded">
          <span>What happened to <bdi>{visible(one.to)}</bdi>.</span>
          <button type="button" class="small" onClick={() => showEverybody(true)}>Show all recipients</button>
        </p>
      ) : null}
      {earlier ? (
        <p class="folded">
          <span>{plural(earlier, 'earlier entry is', 'earlier entries are')} not shown.</span>
          <button type="button" class="small" onClick={() => setMost(most + UNFOLDED_AT_ONCE)}>Show {count(Math.min(earlier, UNFOLDED_AT_ONCE))} more</button>
        </p>
      ) : null}
      <ol class="timeline">
        {wanted.slice(earlier).map((event, i) => <Entry key={earlier + i} event={event} several={email.recipients.length > 1} />)}
        {waiting[0] ? <Now recipient={waiting[0]} waiting={waiting.length} /> : null}
      </ol>
    </>
  );
}

/** What names nobody is of the whole message. */
function concerns(event: Told, recipient: string): boolean {
  return event.event === 'accepted' || !event.recipients?.length || event.recipients.includes(recipient);
}

function Now({ recipient, waiting }: { recipient: Recipient; waiting: number }) {
  const { tone, icon, means } = stateWord(recipient.status);
  return (
    <li class={`tone-${tone} is-open`}>
      <span class="when">now</span>
      <span class="knot"><Icon name={icon} /></span>
      <div>
        <p><State state={recipient.status} count={waiting} /></p>
        <p class="quiet">{visible(localTimes(recipient.reason ?? means))}</p>
        {recipient.next_attempt_at ? <p>{recipient.status === 'scheduled' ? 'Sent' : 'Next attempt'} <Time at={recipient.next_attempt_at} /></p> : null}
      </div>
    </li>
  );
}

function Names({ all }: { all: string[] }) {
  return <p><bdi>{visible(all.slice(0, NAMED).join(', '))}</bdi>{all.length > NAMED ? <span class="quiet"> and {count(all.length - NAMED)} more</span> : null}</p>;
}

function Entry({ event, several }: { event: Told; several: boolean }) {
  const { tone, icon } = stateWord(event.event);
  return (
    <li class={`tone-${tone}`}>
      <span class="when"><Time at={event.at} exact /></span>
      <span class="knot"><Icon name={icon} /></span>
      <div>
        <p>
          <State state={event.event} />
          {event.attempt ? <span class="quiet"> attempt {event.attempt}</span> : null}
          {event.host ? <span class="quiet"> at {event.host}</span> : null}
          {event.took_ms !== undefined ? <span class="quiet"> in {milliseconds(event.took_ms)}</span> : null}
        </p>
        {several && event.event !== 'accepted' && event.recipients ? <Names all={event.recipients} /> : null}
        {event.reply ? <p class="mono said-line">{visible(event.reply)}</p> : null}
        <p class="quiet">{visible(remarks(event).join(' · '))}</p>
        {event.steps_ms ? <Waterfall steps={event.steps_ms} /> : null}
      </div>
    </li>
  );
}

function remarks(event: Told): string[] {
  const found: string[] = [];
  if (event.scheduled_at) found.push(`to be sent at ${absolute(event.scheduled_at)}`);
  if (event.event === 'accepted') {
    if (event.login) found.push(`key ${event.login}`);
    if (event.client) found.push(`from ${event.client}`);
    if (event.size) found.push(octets(event.size));
    if (event.signed_by) found.push(`signed by ${event.signed_by}`);
    return found;
  }
  if (event.address && event.address !== event.host) found.push(event.address);
  if (event.took_ms !== undefined && event.steps_ms) found.push(event.tls ? event.tls : 'not encrypted');
  if (event.certificate && event.certificate !== 'valid') found.push(`certificate: ${event.certificate}`);
  if (event.phase && event.event !== 'delivered') found.push(`ended at ${phaseWord(event.phase)}`);
  if (event.since_accepted_ms !== undefined) found.push(`${milliseconds(event.since_accepted_ms)} after it was accepted`);
  return found;
}

/** Where the time of an attempt went, step by step, as in a browser's network view. */
function Waterfall({ steps }: { steps: Record<string, number> }) {
  const [open, setOpen] = useState(false);
  const entries = Object.entries(steps);
  const total = entries.reduce((sum, [, ms]) => sum + ms, 0);
  if (total <= 0) return null;
  return (
    <details class="waterfall" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="bar" aria-hidden="true">
          {entries.map(([name, ms], i) => <i key={name} class={`step-${i % 2}`} style={{ flexGrow: String(ms / total) }} />)}
        </span>
        <span class="quiet">{longest(entries, total)}</span>
      </summary>
      {open ? <Steps entries={entries} total={total} /> : null}
    </details>
  );
}

function Steps({ entries, total }: { entries: [string, number][]; total: number }) {
  let before = 0;
  return (
    <table>
      <caption class="offscreen">Milliseconds of each step</caption>
      <tbody>
        {entries.map(([name, ms]) => {
          const left = (before / total) * 100;
          before += ms;
          return (
            <tr key={name}>
              <th scope="row">{phaseWord(name)}</th>
              <td><span class="span" style={{ marginLeft: `${left}%`, width: `${Math.max(0.5, (ms / total) * 100)}%` }} /></td>
              <td class="number">{milliseconds(ms)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function longest(entries: [string, number][], total: number): string {
  const [name, ms] = entries.reduce((most, each) => (each[1] > most[1] ? each : most));
  return `${entries.length} steps, ${share(ms, total)} of the time in ${phaseWord(name)}`;
}
