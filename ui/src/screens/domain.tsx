import { useState } from 'preact/hooks';
import { ask } from '../client';
import { type Act, useAct } from '../parts/act';
import { Copyable } from '../parts/copy';
import { Confirm } from '../parts/dialog';
import { Icon, type IconName } from '../parts/icon';
import { Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { useResource } from '../resource';
import { go } from '../route';
import type { DomainKeys, DomainLeaving, DomainPlan, DomainVerification, SeenRecord, SigningKey, WantedRecord } from '../schema';
import { DomainState } from './domains';

type Shown = WantedRecord & Partial<Pick<SeenRecord, 'good' | 'observations'>>;

const PURPOSES: Record<string, { title: string; why: string }> = {
  spf: { title: 'SPF', why: 'which servers may send for the domain' },
  dkim: { title: 'DKIM', why: 'the key that its signatures are checked with' },
  dmarc: { title: 'DMARC', why: 'what receivers do with mail that fails both' },
  'return-path-mx': { title: 'Return path, MX', why: 'where bounces go' },
  'return-path-spf': { title: 'Return path, SPF', why: 'SPF is checked for this name' },
};

const KEY_STATES: Record<string, { tone: string; icon: IconName; means: string }> = {
  prepared: { tone: 'warn', icon: 'queued', means: 'It signs as soon as receivers see its record.' },
  signing: { tone: 'good', icon: 'delivered', means: 'Mail is signed with it.' },
  retired: { tone: 'calm', icon: 'expired', means: 'It signs no more; its record stays for mail that is on its way.' },
};

export function DomainScreen({ name }: { name: string }) {
  const path = `/v1/domains/${encodeURIComponent(name)}`;
  const plan = useResource<DomainPlan>(path);
  const [seen, setSeen] = useState<DomainVerification>();
  const doing = useAct();
  const look = () => doing.run(async () => {
    const found = await ask<DomainVerification>(`${path}/verify`, { method: 'POST', body: {} });
    setSeen(found);
    if (found.activated.length > 0) return `Receivers see the records. Mail is signed with ${found.activated.join(' and ')} from now on.`;
    if (found.good) return 'Receivers see every record.';
    const good = found.records.filter((each) => each.good).length;
    return `Receivers see ${good} of ${found.records.length} records as they should be.`;
  });
  const changed = () => {
    setSeen(undefined);
    plan.reload();
  };
  const told = seen ?? plan.data;
  return (
    <>
      <p class="crumb"><a href="/domains">Domains</a> <span class="quiet">/</span></p>
      <div class="head">
        <h1 tabIndex={-1} class="break">{name}</h1>
        {told ? <DomainState keys={told.keys} /> : null}
        <div class="rest"><button type="button" class="main" disabled={doing.busy || !plan.data} onClick={look}>{doing.busy ? 'Looking …' : 'Look at DNS now'}</button></div>
      </div>
      <div class="stack">
        <p class={`outcome ${seen && !seen.good ? 'is-less' : ''}`} role="status">{doing.said}</p>
        {doing.problem ? <Trouble problem={doing.problem} /> : null}
        {plan.problem ? <Trouble problem={plan.problem} again={plan.reload} /> : null}
        {!told && !plan.problem ? <Waiting what="what is in DNS" /> : null}
        {told ? (
          <>
            {told.problems.map((each) => <div class="notice tone-warn" key={each}><Icon name="warning" /><p>{each}</p></div>)}
            {(told.records as Shown[]).map((each) => <Record key={`${each.purpose} ${each.name}`} record={each} />)}
            <Keys path={path} keys={told.keys} doing={doing} onChange={changed} />
            <Removal name={name} path={path} keys={told.keys} doing={doing} />
          </>
        ) : null}
      </div>
    </>
  );
}

function recordState(record: Shown): { tone: string; icon: IconName; word: string } {
  if (record.good === true) return { tone: 'good', icon: 'delivered', word: 'receivers see it' };
  if (record.observations?.some((each) => !['none', 'no-answer'].includes(each.difference))) return { tone: 'bad', icon: 'bounced', word: 'differs' };
  if (record.observations) return { tone: 'warn', icon: 'deferred', word: 'nobody answers' };
  if (record.blocked) return { tone: 'warn', icon: 'warning', word: 'not yet: see the problem' };
  if (record.published) return { tone: 'good', icon: 'check', word: 'is there' };
  return record.replaces.length > 0 ? { tone: 'warn', icon: 'deferred', word: 'to be changed' } : { tone: 'warn', icon: 'deferred', word: 'to be added' };
}

const KEY_TYPES: [RegExp, string][] = [[/\bk=rsa\b/, 'DKIM, RSA'], [/\bk=ed25519\b/, 'DKIM, Ed25519']];

function titleOf(record: Shown): string {
  const ofKey = record.purpose === 'dkim' ? KEY_TYPES.find(([type]) => type.test(record.value ?? '')) : undefined;
  return ofKey?.[1] ?? PURPOSES[record.purpose]?.title ?? record.purpose;
}

function Record({ record }: { record: Shown }) {
  const title = titleOf(record);
  const why = PURPOSES[record.purpose]?.why ?? '';
  const { tone, icon, word } = recordState(record);
  const id = `record-${record.purpose}-${record.name}`;
  return (
    <section class={`card record tone-${tone}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title} <span class="quiet">{why}</span></h2>
        <span class={`state tone-${tone}`}><Icon name={icon} />{word}</span>
      </header>
      <dl class="wanted">
        <dt>Name</dt>
        <dd><Copyable text={record.relative_name} what={`the name of ${title}`} />{record.relative_name !== record.name ? <span class="quiet">in full: {record.name}</span> : null}</dd>
        <dt>Type</dt>
        <dd>{record.type}{record.priority !== undefined ? `, priority ${record.priority}` : ''}</dd>
        <dt>Wanted</dt>
        <dd><Copyable text={record.value ?? ''} what={`the value of ${title}`} /></dd>
        {!record.observations && !record.published && record.replaces.length > 0 ? (
          <><dt>There now</dt><dd>{record.replaces.map((each) => <blockquote class="reply" key={each}>{each}</blockquote>)}</dd></>
        ) : null}
        {record.observations ? <Seen record={record} /> : null}
      </dl>
      {record.remarks.map((each) => <p class="quiet" key={each}>{each}</p>)}
    </section>
  );
}

/** What several servers show alike is told once. */
function Seen({ record }: { record: Shown }) {
  const told = new Map<string, { servers: string[]; seen: string[]; words: string; difference: string }>();
  for (const each of record.observations ?? []) {
    const seen = each.seen.map((text) => text ?? '');
    const key = JSON.stringify([each.difference, each.words, seen]);
    const group = told.get(key) ?? { servers: [], seen, words: each.words ?? '', difference: each.difference };
    group.servers.push(each.server);
    told.set(key, group);
  }
  return (
    <>
      <dt>Seen</dt>
      <dd class="stack seen">
        {[...told].map(([key, { servers, seen, words, difference }]) => (
          <div key={key}>
            <span class="quiet">{difference === 'no-answer' ? 'no answer from' : seen.length > 0 ? 'at' : 'nothing at'} {servers.join(', ')}</span>
            {seen.map((text) => <blockquote class="reply" key={text}>{text}</blockquote>)}
            {words ? <p class={difference === 'none' ? 'quiet' : 'differs'}>{words}</p> : null}
          </div>
        ))}
      </dd>
    </>
  );
}

function Keys({ path, keys, doing, onChange }: { path: string; keys: SigningKey[]; doing: Act; onChange: () => void }) {
  const [leaving, setLeaving] = useState<SigningKey>();
  const act = async (what: () => Promise<string>) => {
    if (await doing.run(what)) onChange();
  };
  const rotate = () => act(async () => {
    await ask(`${path}/keys`, { method: 'POST', body: {} });
    return 'New keys are made. Publish their records; the old keys sign until those are seen.';
  });
  const activate = (key: SigningKey) => act(async () => {
    await ask<DomainKeys>(`${path}/keys/${encodeURIComponent(key.selector)}/activate`, { method: 'POST', body: {} });
    return `Mail is signed with ${key.selector} from now on.`;
  });
  const retire = (key: SigningKey) => act(async () => {
    setLeaving(undefined);
    const done = await ask<DomainLeaving>(`${path}/keys/${encodeURIComponent(key.selector)}/retire`, { method: 'POST', body: {} });
    return done.gone.length > 0 ? `${key.selector} is gone; its record may leave DNS.` : `${key.selector} signs no more. Its record stays for two weeks.`;
  });
  const isPrepared = keys.some((each) => each.state === 'prepared');
  return (
    <section class="card" aria-labelledby="keys">
      <header>
        <h2 id="keys">Keys</h2>
        {isPrepared ? null : <button type="button" class="small" disabled={doing.busy} onClick={rotate}>Make new keys</button>}
      </header>
      {keys.length === 0 ? <p class="quiet">None.</p> : (
        <table class="sites">
          <thead><tr><th>Selector</th><th>State</th><th>Type</th><th>Since</th><th><span class="offscreen">Act</span></th></tr></thead>
          <tbody>
            {keys.map((key) => {
              const look = KEY_STATES[key.state] ?? { tone: 'calm', icon: 'dot' as const, means: '' };
              return (
                <tr key={key.selector}>
                  <td class="to"><code>{key.selector}</code></td>
                  <td><span class={`state tone-${look.tone}`} title={look.means}><Icon name={look.icon} />{key.state}</span></td>
                  <td>{key.type}</td>
                  <td class="when"><Time at={key.since} /></td>
                  <td>
                    <div class="buttons">
                      {key.state === 'prepared' ? <button type="button" class="small" disabled={doing.busy} onClick={() => activate(key)} aria-label={`Sign with it: ${key.selector}`}>Sign with it</button> : null}
                      {key.state !== 'retired' ? <button type="button" class="small" onClick={() => setLeaving(key)} aria-label={`Retire ${key.selector}`}>Retire …</button> : null}
                    </div>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {leaving ? (
        <Confirm title={`Retire ${leaving.selector}?`} yes="Retire it" busy={doing.busy} onYes={() => retire(leaving)} onNo={() => setLeaving(undefined)}>
          <p>{leaving.state === 'signing'
            ? 'Mail is not signed with it any more, from now on. Where no other key signs, mail of this domain goes out unsigned. Its record has to stay in DNS for two weeks.'
            : 'It never signed: it goes at once, and its record may leave DNS.'}</p>
        </Confirm>
      ) : null}
    </section>
  );
}

function Removal({ name, path, keys, doing }: { name: string; path: string; keys: SigningKey[]; doing: Act }) {
  const [asking, setAsking] = useState(false);
  const signs = keys.some((each) => each.state === 'signing');
  const remove = async () => {
    setAsking(false);
    await doing.run(async () => {
      await ask(`${path}?force=${signs}`, { method: 'DELETE' });
      go('/domains');
      return '';
    });
  };
  return (
    <>
      <p><button type="button" onClick={() => setAsking(true)}>Remove the domain …</button></p>
      {asking ? (
        <Confirm title={`Remove ${name}?`} yes="Remove it and its keys" busy={doing.busy} onYes={remove} onNo={() => setAsking(false)}>
          <p>{signs ? 'It signs its mail, and without its keys that ends for good: mail goes out unsigned. ' : ''}Its records may leave DNS in two weeks, when its mail has arrived.</p>
        </Confirm>
      ) : null}
    </>
  );
}
