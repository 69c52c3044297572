import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, type Refusal } from '../client';
import { localTimes, plural, visible } from '../format';
import { useRowLeft } from '../keys';
import { useCalm, useEvents } from '../live';
import { Copyable } from '../parts/copy';
import { Icon } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import { sinceOf, type Window, WINDOWS } from '../parts/window';
import { asRefusal } from '../resource';
import { go, leftFor, place, withQuery } from '../route';
import type { EmailList, EmailState } from '../schema';
import { classWord, stateWord, STATUSES, WAITING } from '../words';

const PAGE = 50;
const REFRESH_MS = 900;
const ANNOUNCE_MS = 300;
const READ_AT_ONCE = 10;
/** What the page's address may narrow, beside `window`; the API has the same names. */
const FILTERS = ['q', 'from', 'subject', 'tag', 'status', 'late', 'complained', 'class', 'provider', 'domain', 'host', 'direction', 'happened_since', 'since', 'until'] as const;
/** A page may be short where a state is asked for: so many are read before the rest is left to a button. */
const PAGES_AT_ONCE = 4;

function listPath(query: URLSearchParams, before: string, limit = PAGE): string {
  const asked = new URLSearchParams({ limit: String(limit) });
  for (const name of FILTERS) {
    const value = query.get(name);
    if (value) asked.set(name, value);
  }
  const window = query.get('window');
  if (window && window in WINDOWS) asked.set('since', sinceOf(window as Window));
  if (before) asked.set('before', before);
  return `/v1/emails?${asked.toString()}`;
}

interface Rows {
  key: string;
  emails: EmailState[];
  next: string;
  problem?: Refusal;
}

/** The list as it was left: whoever comes back from a message finds it so, and its rows at their places. */
let kept: Rows | null = null;
/** Nobody counted what came while the list was left. */
const NOT_COUNTED = -1;

function useRows(query: URLSearchParams) {
  const key = FILTERS.map((name) => query.get(name) ?? '').join('\n') + (query.get('window') ?? '');
  const [back] = useState(() => (leftFor() && kept?.key === key ? kept : null));
  const [rows, setRows] = useState<Rows | null>(back);
  const [fresh, setFresh] = useState(back ? NOT_COUNTED : 0);
  if (rows) kept = rows;
  const arrived = useRef(0);
  const newest = useRef(key);
  newest.current = key;

  const read = async (before = '', emails: EmailState[] = []) => {
    try {
      const found = [...emails];
      let next = before;
      for (let page = 0; page === 0 || (next && page < PAGES_AT_ONCE && found.length < emails.length + PAGE / 2); ++page) {
        const answer = await ask<EmailList>(listPath(query, next));
        if (newest.current !== key) return;
        found.push(...answer.data);
        next = answer.has_more ? answer.next_before ?? '' : '';
      }
      setRows({ key, emails: found, next });
      if (!before) {
        arrived.current = 0;
        setFresh(0);
      }
    } catch (failure) {
      if (newest.current === key) setRows({ key, emails, next: '', problem: asRefusal(failure) });
    }
  };

  // Rows that are seen follow what happens; new ones wait behind the pill, so that nothing moves under the pointer.
  const stale = useRef(new Set<string>());
  const follow = useCalm(async () => {
    const ids = [...stale.current].slice(0, READ_AT_ONCE);
    for (const id of ids) stale.current.delete(id);
    if (stale.current.size > 0) follow();
    const found = await Promise.all(ids.map((id) => ask<EmailState>(`/v1/emails/${id}`).catch(() => null)));
    setRows((before) => before && {
      ...before,
      emails: before.emails.map((each) => found.find((now) => now?.id === each.id) ?? each),
    });
  }, REFRESH_MS);
  useEffect(() => {
    if (rows?.key !== key) return void read();
    const waits = rows.emails.filter((each) => WAITING.has(each.status) || leftFor().includes(each.id));
    for (const each of waits) stale.current.add(each.id);
    follow();
  }, [key]);
  const tell = useCalm(() => setFresh(arrived.current), ANNOUNCE_MS);
  useEvents((event) => {
    if (event === null && (rows?.emails.length ?? 0) <= PAGE) return void read();
    if (!event?.id) return;
    if (event.event === 'accepted') {
      arrived.current += 1;
      return tell();
    }
    if (rows?.emails.some((each) => each.id === event.id)) {
      stale.current.add(event.id);
      follow();
    }
  });
  const shown = rows?.key === key ? rows : null;
  return { rows: shown, fresh, again: () => read(), more: () => shown && read(shown.next, shown.emails) };
}

export function ActivityScreen() {
  const { query } = place.use();
  const { rows, fresh, again, more } = useRows(query);
  const narrowed = FILTERS.some((name) => query.get(name)) || query.has('window');
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>Activity</h1>
        <div class="fresh" aria-live="polite">
          {fresh !== 0 && rows ? <button type="button" class="pill tone-ours" onClick={again}>
            {fresh === NOT_COUNTED ? 'As you left it: look for new messages' : plural(fresh, 'new message', 'new messages')}
            {fresh > 0 && narrowed ? ' in all: look again' : ''}
          </button> : null}
        </div>
      </div>
      <Filters />
      {!rows ? <Waiting what="the messages" /> : null}
      {rows?.problem ? <Trouble problem={rows.problem} again={again} /> : null}
      {rows && !rows.problem && rows.emails.length === 0 && !rows.next ? (narrowed ? <NothingFound /> : <FirstSend />) : null}
      {rows && rows.emails.length > 0 ? <Table emails={rows.emails} /> : null}
      {rows?.next ? <p class="more"><button type="button" onClick={more}>Older messages</button></p> : null}
    </>
  );
}

function Filters() {
  const { query } = place.use();
  const chosen = new Set((query.get('status') ?? '').split(',').filter(Boolean));
  const choose = (status: string) => {
    const next = new Set(chosen);
    if (!next.delete(status)) next.add(status);
    go(withQuery({ status: [...next].join(','), late: '' }), 'replace');
  };
  const window = query.get('window') ?? '';
  return (
    <div class="filters">
      <div class="chips" role="group" aria-label="State">
        {STATUSES.map((status) => {
          const { tone, icon, means } = stateWord(status);
          return (
            <button key={status} type="button" class={`chip tone-${tone}`} aria-pressed={chosen.has(status)} title={means}
              onClick={() => choose(status)}>
              <Icon name={icon} />{status}
            </button>
          );
        })}
        <Mark name="complained" words="unwanted" means={stateWord('complained').means} />
        {chosen.has('bounced') ? <Mark name="late" words="bounced later" means={stateWord('late_bounced').means} /> : null}
      </div>
      <div class="narrow">
        <Narrow name="class" words="Cause" />
        <Narrow name="provider" words="Provider" />
        <Narrow name="domain" words="To domain" />
        <Narrow name="from" words="From" />
        <Narrow name="subject" words="Subject" />
        <Narrow name="tag" words="Tag" />
        <Narrow name="host" words="Mail host" />
        <label>
          <span class="offscreen">Time</span>
          <select value={window} onChange={(event) => go(withQuery({ window: event.currentTarget.value }), 'replace')}>
            <option value="">Any time</option>
            {Object.entries(WINDOWS).map(([key, words]) => <option key={key} value={key}>{words}</option>)}
          </select>
        </label>
        {query.toString() ? <a class="button" href="/activity">Clear</a> : null}
      </div>
    </div>
  );
}

/** Something that is true of a message beside its state. */
function Mark({ name, words, means }: { name: string; words: string; means: string }) {
  const on = place.use().query.get(name) === 'true';
  return (
    <button type="button" class="chip tone-bad" aria-pressed={on} title={means}
      onClick={() => go(withQuery({ [name]: on ? '' : 'true' }), 'replace')}>
      <Icon name={stateWord(name === 'late' ? 'late_bounced' : name).icon} />{words}
    </button>
  );
}

/** One field that narrows; it takes effect when it is left, or by Enter. */
function Narrow({ name, words }: { name: string; words: string }) {
  const value = place.use().query.get(name) ?? '';
  return (
    <label>
      <span class="offscreen">{words}</span>
      <input type="search" placeholder={words} value={value} spellcheck={false}
        onChange={(event) => go(withQuery({ [name]: event.currentTarget.value.trim() }), 'replace')} />
    </label>
  );
}

function Table({ emails }: { emails: EmailState[] }) {
  useRowLeft();
  return (
    <table class="activity" data-rows>
      <thead>
        <tr><th>State</th><th>To</th><th>Why</th><th>From</th><th class="number">Accepted</th></tr>
      </thead>
      <tbody>{emails.map((email) => <Row key={email.id} email={email} />)}</tbody>
    </table>
  );
}

function Row({ email }: { email: EmailState }) {
  const shown = email.recipients.find((each) => each.status === email.status) ?? email.recipients[0];
  const path = `/messages/${email.id}`;
  const more = email.recipients.length - 1;
  const subject = visible(email.subject ?? '');
  return (
    <tr data-row onClick={(event) => (event.target as Element).closest('a') || getSelection()?.toString() || go(path)}>
      <td><State state={email.status} />{email.complained ? <State state="complained" /> : null}</td>
      <td class="to"><a href={path} data-open><bdi>{visible(shown?.to ?? 'nobody')}</bdi></a>{more > 0 ? <span class="quiet"> +{more}</span> : null}
        {subject ? <span class="clip quiet" title={subject}>{subject}</span> : null}</td>
      <td class="why"><Why email={email} index={shown ? email.recipients.indexOf(shown) : 0} /></td>
      <td class="from quiet"><bdi>{visible(sender(email))}</bdi></td>
      <td class="number when"><Time at={email.created_at} /></td>
    </tr>
  );
}

function sender(email: EmailState): string {
  if (email.direction === 'notice') return 'a notice of ours';
  return email.direction === 'inbound' ? `came in${email.from ? ` from ${email.from}` : ''}` : email.from;
}

/** The reason in a line: the cause by name, then their words or ours; and when it is tried again. */
function Why({ email, index }: { email: EmailState; index: number }) {
  const shown = email.recipients[index];
  if (!shown) return null;
  const delivered = shown.status === 'delivered';
  const text = visible(shown.status === 'throttled' || shown.status === 'scheduled' || !shown.last_reply ? localTimes(shown.reason ?? '') : shown.last_reply);
  return (
    <>
      {shown.diagnosis && !delivered ? <strong>{classWord(shown.diagnosis.class)}</strong> : null}
      <span class={`clip ${delivered ? 'quiet' : ''}`} title={text}>{text}</span>
      {shown.next_attempt_at ? <span class="quiet">{shown.status === 'scheduled' ? 'sent' : 'next try'} <Time at={shown.next_attempt_at} coming /></span> : null}
    </>
  );
}

function NothingFound() {
  return (
    <Empty icon="search" title="Nothing fits">
      <p>Take out a filter, or look at a longer time. A search finds how an address begins, a domain after @, a Message-ID in its angle brackets, or an id;
        with <code>from:shop.example</code>, <code>subject:invoice</code> or <code>tag:kind=invoice</code> what has that sender, word or tag.</p>
      <p><a class="button" href="/activity">Show all messages</a></p>
    </Empty>
  );
}

function FirstSend() {
  const command = `curl ${location.origin}/v1/emails -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"from":"hi@YOUR-DOMAIN","to":"you@example.com","subject":"First","text":"Hello"}'`;
  return (
    <Empty icon="inbox" title="No mail yet">
      <p>Make a key on the relay's machine, then send the first message over HTTP, or by SMTP with the same key as its password.</p>
      <Copyable what="the command that makes a key" text="KEY=$(waypost keys create app --domain YOUR-DOMAIN)" />
      <Copyable what="the command that sends" text={command} />
      <p>It shows here as soon as it is on stable storage.</p>
    </Empty>
  );
}
