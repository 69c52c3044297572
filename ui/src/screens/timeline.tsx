import { absolute, localTimes, milliseconds, octets, share } from '../format';
import { Icon } from '../parts/icon';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import type { EmailState, Event } from '../schema';
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

export function Timeline({ email }: { email: EmailState }) {
  const events = ([...(email.timeline ?? [])] as Told[]).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const waiting = email.recipients.filter((each) => WAITING.has(each.status));
  const first = waiting[0];
  if (events.length === 0) return <p class="quiet">The records do not have it yet, or no more: they are kept as long as [records] keep says.</p>;
  return (
    <ol class="timeline">
      {events.map((event, i) => <Entry key={i} event={event} several={email.recipients.length > 1} />)}
      {first ? (
        <li class={`tone-${stateWord(first.status).tone} is-open`}>
          <span class="when">now</span>
          <span class="knot"><Icon name={stateWord(first.status).icon} /></span>
          <div>
            <p><State state={first.status} count={waiting.length} /></p>
            <p class="quiet">{localTimes(first.reason ?? stateWord(first.status).means)}</p>
            {first.next_attempt_at ? <p>{first.status === 'scheduled' ? 'Sent' : 'Next attempt'} <Time at={first.next_attempt_at} /></p> : null}
          </div>
        </li>
      ) : null}
    </ol>
  );
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
        {several && event.event !== 'accepted' && event.recipients ? <p>{event.recipients.join(', ')}</p> : null}
        {event.reply ? <p class="mono said-line">{event.reply}</p> : null}
        <p class="quiet">{remarks(event).join(' · ')}</p>
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
  const entries = Object.entries(steps);
  const total = entries.reduce((sum, [, ms]) => sum + ms, 0);
  if (total <= 0) return null;
  let before = 0;
  return (
    <details class="waterfall">
      <summary>
        <span class="bar" aria-hidden="true">
          {entries.map(([name, ms], i) => <i key={name} class={`step-${i % 2}`} style={{ flexGrow: String(ms / total) }} />)}
        </span>
        <span class="quiet">{longest(entries, total)}</span>
      </summary>
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
    </details>
  );
}

function longest(entries: [string, number][], total: number): string {
  const [name, ms] = entries.reduce((most, each) => (each[1] > most[1] ? each : most));
  return `${entries.length} steps, ${share(ms, total)} of the time in ${phaseWord(name)}`;
}
