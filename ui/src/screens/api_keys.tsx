import { useRef, useState } from 'preact/hooks';
import { ask } from '../client';
import { plural } from '../format';
import { useAct } from '../parts/act';
import { Copyable } from '../parts/copy';
import { Confirm } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { useResource } from '../resource';
import type { ApiKey, ApiKeyRevoked, ApiKeys } from '../schema';
import { SCOPES } from '../words';
import { NewKey, useOf } from './new_key';

export function KeysScreen() {
  const list = useResource<ApiKeys>('/v1/api-keys');
  const doing = useAct();
  const [making, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<ApiKey>();
  const opener = useRef<HTMLButtonElement>(null);
  const all = list.data?.data ?? [];
  const good = all.filter((each) => !each.revoked_at);
  const revoked = all.filter((each) => each.revoked_at);

  const revoke = async (key: ApiKey) => {
    setLeaving(undefined);
    const done = await doing.run(async () => {
      const { id } = await ask<ApiKeyRevoked>(`/v1/api-keys/${encodeURIComponent(key.name)}`, { method: 'DELETE' });
      return `${id} is revoked.`;
    });
    list.reload();
    if (done) opener.current?.focus(); // the button in its row goes with the row
  };

  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>Keys</h1>
        {good.length > 0 ? <span class="quiet">{good.length} in use</span> : null}
        <div class="rest"><button ref={opener} type="button" class="main" onClick={() => setMaking(true)}>New key …</button></div>
      </div>
      <div class="stack">
        <p class="outcome" role="status">{doing.said}</p>
        {doing.problem ? <Trouble problem={doing.problem} /> : null}
        {list.problem ? <Trouble problem={list.problem} again={list.reload} /> : null}
        {!list.data && !list.problem ? <Waiting what="the keys" /> : null}
        {list.data && good.length === 0 ? <NoKey title={revoked.length > 0 ? 'No key in use' : 'No key yet'} /> : null}
        {good.length > 0 ? <Table found={good} onRevoke={setLeaving} /> : null}
        {revoked.length > 0 ? (
          <details>
            <summary>{plural(revoked.length, 'revoked key: its name stays taken', 'revoked keys: their names stay taken')}</summary>
            <Table found={revoked} />
          </details>
        ) : null}
      </div>
      {making ? <NewKey onMade={list.reload} onClose={() => setMaking(false)} /> : null}
      {leaving ? (
        <Confirm title={`Revoke the key ${leaving.name}?`} yes="Revoke it" onYes={() => void revoke(leaving)} onNo={() => setLeaving(undefined)}>
          <p>What logs in with it is refused from then on, by SMTP and over HTTP. An SMTP connection that is logged in already goes on until it ends, and so does mail that was handed in.</p>
          <p>That cannot be undone, and no other key can have its name.</p>
        </Confirm>
      ) : null}
    </>
  );
}

function Table({ found, onRevoke }: { found: ApiKey[]; onRevoke?: (key: ApiKey) => void }) {
  return (
    <table class="keyring">
      <thead>
        <tr><th>Name</th><th>May</th><th>Tenant</th><th>Made</th><th><span class="offscreen">{onRevoke ? 'Revoke' : 'Revoked'}</span></th></tr>
      </thead>
      <tbody>
        {found.map((each) => (
          <tr key={each.name}>
            <td class="to"><strong>{each.name}</strong>{each.stream === 'default' ? null : <span class="quiet"> stream {each.stream}</span>}</td>
            <td class="why"><Rights of={each} /></td>
            <td data-label="tenant">{each.tenant}</td>
            <td class="when" data-label="made"><Time at={each.created_at} /></td>
            <td class="end">
              {onRevoke ? <button type="button" class="small" aria-label={`Revoke ${each.name}`} onClick={() => onRevoke(each)}>Revoke …</button> : null}
              {each.revoked_at ? <span class="state tone-calm"><Icon name="cancelled" />revoked <Time at={each.revoked_at} /></span> : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Rights({ of: { scopes, domains } }: { of: ApiKey }) {
  return (
    <>
      <span class="scopes">{scopes.map((scope) => <span key={scope} class="pill tone-calm" title={SCOPES[scope]}>{scope}</span>)}</span>
      <span class="quiet">as {domains ? domains.join(', ') : 'any sender'}</span>
    </>
  );
}

function NoKey({ title }: { title: string }) {
  return (
    <Empty icon="key" title={title}>
      <p>
        An application logs in with a key: over HTTP with its secret, by SMTP with its name as the user and its secret as the password.
        Give each application one of its own, so that one can be revoked without the others. Make one, put its secret into <code>KEY</code>, and send:
      </p>
      <Copyable text={useOf({ scopes: ['send'] })} what="the command" />
    </Empty>
  );
}
