import { useEffect, useMemo, useState } from 'preact/hooks';
import { absolute, localTimes, octets, visible } from '../format';
import { useCalm, useEvents } from '../live';
import { CauseBlock } from '../parts/cause';
import { CopyButton } from '../parts/copy';
import { Icon } from '../parts/icon';
import { Trouble, Waiting } from '../parts/notice';
import { LimitOrigin } from '../parts/origin';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import { useResource } from '../resource';
import { go, place, withQuery } from '../route';
import type { EmailState, Recipient } from '../schema';
import { stateWord, WAITING, whoActs } from '../words';
import { Actions } from './message_actions';
import { Raw, Transcripts } from './message_content';
import { Headers, Preview } from './message_preview';
import { Timeline } from './timeline';

const TABS = { timeline: 'Timeline', transcript: 'Transcript', headers: 'Headers', preview: 'Preview', raw: 'Raw message' } as const;
type Tab = keyof typeof TABS;

/** The record's times come a moment after the event that announced them. */
const SETTLE_MS = 700;

export function MessageScreen({ id }: { id: string }) {
  const email = useResource<EmailState>(`/v1/emails/${encodeURIComponent(id)}`);
  const again = useCalm(email.reload, SETTLE_MS);
  useEvents((event) => (event === null || event.id === id || event.about === id) && again());
  if (!email.data) {
    if (!email.problem) return <Waiting what="the message" />;
    return (
      <>
        <Crumb />
        <h1 tabIndex={-1}>Message</h1>
        <Trouble problem={email.problem} again={email.reload} />
      </>
    );
  }
  return <Found email={email.data} reload={again} />;
}

function Crumb() {
  return <p class="crumb"><a href="/activity">Activity</a> <span class="quiet">/</span></p>;
}

function Found({ email, reload }: { email: EmailState; reload: () => void }) {
  const { query } = place.use();
  const asked = query.get('to');
  const chosen = email.recipients.find((each) => each.to === asked) ?? worst(email.recipients);
  const tab = (query.get('tab') ?? 'timeline') as Tab;
  const waits = email.recipients.some((each) => WAITING.has(each.status));
  const subject = visible(email.subject ?? '');
  useEffect(() => {
    document.title = `${subject || whom(email)} · Waypost`;
  }, [subject]);
  return (
    <>
      <Crumb />
      <div class="head">
        <div>
          <h1 tabIndex={-1}>{subject ? <><bdi>{subject}</bdi> <span class="whom">to <bdi>{whom(email)}</bdi></span></> : <bdi>{whom(email)}</bdi>}</h1>
          <p class="quiet">
            {email.direction === 'inbound' ? 'came in ' : ''}from {email.from ? <bdi>{visible(email.from)}</bdi> : (email.direction === 'notice' ? 'the null sender: a notice of ours' : 'the null sender')} · accepted <Time at={email.created_at} />
            {email.key ? <> · key <bdi>{visible(email.key)}</bdi></> : null} · stream {email.stream}
            {email.size ? <> · {octets(email.size)}</> : null}
          </p>
        </div>
        <div class="rest" aria-live="polite"><State state={email.status} />{email.complained ? <State state="complained" /> : null}</div>
      </div>
      <Actions email={email} chosen={chosen} reload={reload} report={report(email, chosen)} />
      <div class="stack">
        {email.recipients.length > 1 ? <Recipients email={email} chosen={chosen} /> : null}
        {chosen ? <Why recipient={chosen} /> : null}
        <section class="card">
          <header>
            <div class="choice" role="tablist" aria-label="What is known of it">
              {Object.entries(TABS).map(([key, words]) => (
                <button key={key} type="button" role="tab" id={`tab-${key}`} aria-selected={key === tab} aria-controls="tab-panel"
                  onClick={() => go(withQuery({ tab: key === 'timeline' ? '' : key, part: '' }), 'replace')}>{words}</button>
              ))}
            </div>
          </header>
          <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
            {tab === 'transcript' ? <Transcripts id={email.id} turn={email.timeline?.length ?? 0} /> : null}
            {tab === 'headers' ? <Headers id={email.id} waits={waits} /> : null}
            {tab === 'preview' ? <Preview id={email.id} waits={waits} /> : null}
            {tab === 'raw' ? <Raw id={email.id} waits={waits} /> : null}
            {tab === 'timeline' ? <Timeline email={email} chosen={chosen} /> : null}
          </div>
        </section>
        <Details email={email} />
      </div>
    </>
  );
}

function whom(email: EmailState): string {
  const first = visible(email.recipients[0]?.to ?? 'nobody');
  return email.recipients.length > 1 ? `${first} and ${email.recipients.length - 1} more` : first;
}

const WEIGHT = ['bounced', 'expired', 'unknown', 'deferred', 'throttled', 'held', 'scheduled', 'queued', 'suppressed', 'cancelled', 'delivered'];

/** What waits on our side, for us or for a person. */
const OURS = new Set(['throttled', 'scheduled', 'held', 'queued']);

function worst(recipients: Recipient[]): Recipient | undefined {
  return [...recipients].sort((a, b) => WEIGHT.indexOf(a.status) - WEIGHT.indexOf(b.status))[0];
}

function Recipients({ email, chosen }: { email: EmailState; chosen: Recipient | undefined }) {
  const [all, showAll] = useState(false);
  const seen = all ? email.recipients : email.recipients.slice(0, 8);
  return (
    <section class="card" aria-labelledby="recipients">
      <h2 id="recipients">{email.recipients.length} recipients</h2>
      <ul class="recipients">
        {seen.map((each) => (
          <li key={each.to}>
            <a href={withQuery({ to: each.to })} aria-current={each === chosen ? 'true' : undefined}>
              <span class="clip">{visible(each.to)}</span><State state={each.status} />{each.complained ? <State state="complained" /> : null}
            </a>
          </li>
        ))}
      </ul>
      {email.recipients.length > seen.length ? (
        <button type="button" class="small" onClick={() => showAll(true)}>Show all</button>
      ) : null}
    </section>
  );
}

function Why({ recipient }: { recipient: Recipient }) {
  const facts: [string, string][] = [
    ['Server', recipient.host ?? ''],
    ['Site', recipient.site && recipient.site !== recipient.host ? recipient.site : ''],
    ['Attempts', recipient.attempts ? String(recipient.attempts) : ''],
    ['Last attempt', recipient.at ? absolute(recipient.at) : ''],
  ];
  if (OURS.has(recipient.status))
    return <OnOurSide recipient={recipient} />;
  if (recipient.diagnosis && recipient.status !== 'delivered')
    return (
      <>
        {recipient.status === 'expired' && recipient.reason ? <p class="notice tone-bad"><Icon name="expired" /><span>{stateWord('expired').means} {sentence(recipient.reason)}</span></p> : null}
        {recipient.late ? <p class="notice tone-bad"><Icon name="bounced" /><span>Their server had taken it. The bounce came back later.</span></p> : null}
        <CauseBlock diagnosis={recipient.diagnosis} evidence={{ reply: recipient.last_reply, isOurs: !recipient.host, facts }}
          alike={`/activity?class=${encodeURIComponent(recipient.diagnosis.class)}`} recheck={recheck(recipient)} />
        {WAITING.has(recipient.status) ? <NextTry recipient={recipient} /> : null}
      </>
    );
  const { tone, icon, means } = stateWord(recipient.status);
  return (
    <section class={`cause tone-${tone}`} aria-labelledby="why">
      <h2 id="why"><Icon name={icon} /><bdi>{visible(recipient.to)}</bdi>: {recipient.status}</h2>
      <p class="summary">{means}{recipient.reason ? ` ${sentence(recipient.reason)}` : ''}</p>
      {recipient.last_reply ? <div class="said"><h3>What they said</h3><blockquote class="reply">{visible(recipient.last_reply)}</blockquote></div> : null}
      {WAITING.has(recipient.status) ? <NextTry recipient={recipient} /> : null}
    </section>
  );
}

/** Where the doctor goes the way of this mail: its next hop, or the mail hosts of its domain. */
function recheck(recipient: Recipient): string | undefined {
  if (!recipient.host) return undefined;
  const port = /:(\d+)(\/|$)/.exec(recipient.site ?? '')?.[1];
  const host = recipient.host.includes(':') ? `[${recipient.host}]` : recipient.host;
  const target = port ? `${host}:${port}` : recipient.to.slice(recipient.to.lastIndexOf('@') + 1);
  return `/diagnose?target=${encodeURIComponent(target)}`;
}

function sentence(text: string): string {
  return visible(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
}

function NextTry({ recipient }: { recipient: Recipient }) {
  if (!recipient.next_attempt_at) return null;
  return (
    <p class="next">
      <Icon name="expired" />
      <span>
        {recipient.status === 'scheduled' ? <>Sent at <strong>{absolute(recipient.next_attempt_at)}</strong>, </> : 'Tried again '}
        <strong><Time at={recipient.next_attempt_at} /></strong>
        {recipient.expires_at ? <span class="quiet">; given up <Time at={recipient.expires_at} /></span> : null}
      </span>
    </p>
  );
}

/** A limit passes by itself; but a site that was shut by what it said needs whoever can mend that. */
function whoHolds(recipient: Recipient): string {
  if (recipient.hold !== 'site_shut') return whoActs('nobody');
  return recipient.diagnosis ? whoActs(recipient.diagnosis.who, recipient.diagnosis.actor) : 'Whom their words name';
}

const OUR_WORDS: Record<string, string> = { queued: 'On its way', scheduled: 'It waits for its time: scheduled' };

/** No state without a reason: which limit holds it, whose it is, until when. */
function OnOurSide({ recipient }: { recipient: Recipient }) {
  const { tone, icon, means } = stateWord(recipient.status);
  return (
    <section class={`cause tone-${tone}`} aria-labelledby="why">
      <h2 id="why"><Icon name={icon} />{OUR_WORDS[recipient.status] ?? `We hold it back: ${recipient.status}`}</h2>
      <p class="summary">{visible(localTimes(recipient.reason || means))}</p>
      {recipient.status === 'throttled' ? <p class="who"><span class="label">Who acts</span> <strong>{whoHolds(recipient)}</strong></p> : null}
      {recipient.limit_origin ? <LimitOrigin origin={recipient.limit_origin} /> : null}
      <NextTry recipient={recipient} />
    </section>
  );
}

function Details({ email }: { email: EmailState }) {
  const more = useMemo(() => Object.entries(email.metadata ?? {}), [email]);
  const tags = email.tags ?? [];
  return (
    <section class="card" aria-labelledby="names">
      <h2 id="names">Names</h2>
      <dl class="facts wide-facts">
        <div><dt>Id</dt><dd class="mono">{email.id} <CopyButton text={email.id} what="the id" /></dd></div>
        {email.message_id ? <div><dt>Message-ID</dt><dd class="mono">{visible(email.message_id)}</dd></div> : null}
        {email.subject ? <div><dt>Subject</dt><dd>{visible(email.subject)}</dd></div> : null}
        {email.tenant ? <div><dt>Tenant</dt><dd>{email.tenant}</dd></div> : null}
        {tags.length ? <div><dt>Tags</dt><dd>{tags.map(({ name, value }) => <a key={name} class="tag" href={`/activity?tag=${encodeURIComponent(`${name}=${value}`)}`}>{visible(`${name}=${value}`)}</a>)}</dd></div> : null}
        {more.map(([name, value]) => <div key={name}><dt>{visible(name)}</dt><dd>{visible(value)}</dd></div>)}
      </dl>
    </section>
  );
}

/** For a ticket: what somebody else needs to see the same. */
function report(email: EmailState, chosen: Recipient | undefined): string {
  const lines = [`Message ${email.id}`, `accepted ${email.created_at}, from ${email.from || '<>'}`];
  if (chosen) {
    lines.push('', `To ${chosen.to}: ${chosen.status}${chosen.late ? ', after their server had taken it' : ''}`);
    if (chosen.last_reply) lines.push(`They said${chosen.host ? ` (${chosen.host})` : ''}: ${chosen.last_reply}`);
    const why = chosen.diagnosis;
    if (why) {
      lines.push(`Cause: ${why.class} (${why.confidence}). ${why.meaning}`, `Who acts: ${whoActs(why.who, why.actor)}`);
      lines.push(...why.remedy.map((step, i) => `${i + 1}. ${step}`));
    }
    if (chosen.reason) lines.push(`${WAITING.has(chosen.status) ? 'It waits' : 'Why'}: ${chosen.reason}`);
    if (chosen.next_attempt_at) lines.push(`Next attempt: ${chosen.next_attempt_at}`);
  }
  lines.push('', `waypost why ${email.id}`);
  return lines.join('\n');
}
