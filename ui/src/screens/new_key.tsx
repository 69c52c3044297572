import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, Refusal } from '../client';
import { useAct } from '../parts/act';
import { Copyable } from '../parts/copy';
import { Dialog } from '../parts/dialog';
import { Trouble } from '../parts/notice';
import { describedBy, saidOf, Wrong } from '../parts/wrong';
import type { ApiKey, NewApiKey } from '../schema';
import { SCOPES } from '../words';

type Scope = ApiKey['scopes'][number];

const FIELDS = ['name', 'scopes', 'domains', 'tenant', 'stream'];

/** A key is asked for, and shown in the same dialog: the one time that there is. */
export function NewKey({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [made, setMade] = useState<ApiKey>();
  const show = (key: ApiKey) => {
    setMade(key);
    onMade();
  };
  return (
    <Dialog title={made ? `The key ${made.name}` : 'New key'} stays={made !== undefined} onClose={onClose}>
      {made ? <Made of={made} onClose={onClose} /> : <Wish onMade={show} onNo={onClose} />}
    </Dialog>
  );
}

function wishOf(form: FormData): NewApiKey {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const scopes = form.getAll('scopes') as Scope[];
  // Without any the relay would take it that the key is to send.
  if (scopes.length === 0)
    throw new Refusal(422, '', '', [{ field: 'scopes', message: 'Choose one at least: a key is made for something.' }]);
  const senders = form.has('any_sender') ? { any_sender: true } : { domains: text('domains').split(/[\s,]+/).filter(Boolean) };
  const wish: NewApiKey = { name: text('name'), scopes, ...senders };
  if (text('tenant')) wish.tenant = text('tenant');
  if (text('stream')) wish.stream = text('stream');
  return wish;
}

function Wish({ onMade, onNo }: { onMade: (key: ApiKey) => void; onNo: () => void }) {
  const doing = useAct();
  const form = useRef<HTMLFormElement>(null);
  const [anybody, setAnybody] = useState(false);
  const { problem } = doing;
  const said = (field: string) => saidOf(problem, field);
  useEffect(() => form.current?.querySelector<HTMLElement>('.is-wrong input:enabled')?.focus(), [problem]);
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    await doing.run(async () => {
      onMade(await ask<ApiKey>('/v1/api-keys', { method: 'POST', body: wishOf(fields) }));
      return '';
    });
  };
  return (
    <form ref={form} class="stack" onSubmit={make}>
      {problem && !FIELDS.some(said) ? <Trouble problem={problem} /> : null}
      <Line name="name" label="Name" hint="(which application it is for)" said={said('name')} required maxLength={64} placeholder="shop" />
      <fieldset class={said('scopes') ? 'is-wrong' : ''} {...describedBy('scopes', said('scopes'))}>
        <legend>It may</legend>
        {(Object.keys(SCOPES) as Scope[]).map((scope) => (
          <label key={scope} class="check">
            <input type="checkbox" name="scopes" value={scope} defaultChecked={scope === 'send'} />
            <span>{scope}<span class="quiet"> {SCOPES[scope]}</span></span>
          </label>
        ))}
        <Wrong field="scopes" said={said('scopes')} />
      </fieldset>
      <fieldset>
        <legend>It sends as</legend>
        <Line name="domains" label="Domains" hint="(*.shop.example is all below it)" said={said('domains')} required={!anybody} disabled={anybody} placeholder="shop.example" />
        <label class="check">
          <input type="checkbox" name="any_sender" checked={anybody} onChange={(event) => setAnybody(event.currentTarget.checked)} />
          <span>any sender</span>
        </label>
      </fieldset>
      <div class="amounts">
        <Line name="tenant" label="Tenant" said={said('tenant')} maxLength={64} placeholder="default" />
        <Line name="stream" label="Stream" said={said('stream')} maxLength={64} placeholder="default" />
      </div>
      <div class="buttons">
        <button type="submit" class="main" disabled={doing.busy}>Make it</button>
        <button type="button" onClick={onNo}>Leave it</button>
      </div>
    </form>
  );
}

interface Lined {
  name: string;
  label: string;
  hint?: string;
  said: string | undefined;
  placeholder: string;
  required?: boolean;
  disabled?: boolean;
  maxLength?: number;
}

/** A field of one line, with what was said against it. */
function Line({ name, label, hint, said, ...rest }: Lined) {
  return (
    <div class={said ? 'is-wrong' : ''}>
      <label>
        <span>{label}{hint ? <span class="quiet"> {hint}</span> : null}</span>
        <input name={name} autocomplete="off" spellcheck={false} autocapitalize="none" aria-invalid={said ? true : undefined} {...describedBy(name, said)} {...rest} />
      </label>
      <Wrong field={name} said={said} />
    </div>
  );
}

function Made({ of: key, onClose }: { of: ApiKey; onClose: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector('button')?.focus(), []);
  return (
    <>
      <p>Copy its secret now: <strong>it is not shown again.</strong> The relay keeps what it needs to know it by, and cannot tell it to anybody.</p>
      <div ref={box}><Copyable text={key.token ?? ''} what="the secret" /></div>
      {key.scopes.includes('send') ? <p>By SMTP the user is <code>{key.name}</code>, and the password is the secret. Over HTTP, with the secret in <code>KEY</code>:</p>
        : <p>Over HTTP, with the secret in <code>KEY</code>:</p>}
      <Copyable text={useOf(key)} what="the command" />
      <div class="buttons"><button type="button" class="main" onClick={onClose}>I have copied it</button></div>
    </>
  );
}

/** The command that shows what a key is for. */
export function useOf({ scopes, domains }: Pick<ApiKey, 'scopes' | 'domains'>): string {
  const asked = `curl -s ${location.origin}/v1/emails \\\n  -H "Authorization: Bearer $KEY"`;
  if (!scopes.includes('send')) return asked;
  const from = `hi@${(domains?.[0] ?? 'shop.example').replace(/^\*\./, 'mail.')}`;
  return `${asked} \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify({ from, to: 'ann@example.com', subject: 'Hello', text: 'Hello Ann' })}'`;
}
