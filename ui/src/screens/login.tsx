import { useEffect, useRef, useState } from 'preact/hooks';
import { type About, logIn, type Refusal, session } from '../client';
import { Copyable } from '../parts/copy';
import { Mark } from '../parts/mark';
import { Trouble } from '../parts/notice';
import { asRefusal } from '../resource';
import { go, place, safePath } from '../route';

export function LoginScreen({ about }: { about: About | undefined }) {
  const { query } = place.use();
  const [problem, setProblem] = useState<Refusal>();
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const known = session.use();
  useEffect(() => first.current?.focus(), [about?.needs_admin]);
  useEffect(() => {
    if (known) go(safePath(query.get('next')), 'replace');
  }, [known]);

  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(undefined);
    try {
      await logIn(String(form.get('user')), String(form.get('password')));
    } catch (failure) {
      setProblem(asRefusal(failure));
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form onSubmit={onSubmit}>
        <span class="brand"><Mark />Waypost</span>
        <h1 tabIndex={-1}>Log in{about?.hostname ? <span class="quiet host"> to {about.hostname}</span> : null}</h1>
        {about?.needs_admin ? (
          <>
            <p>No password is set yet. On the relay's machine, run</p>
            <Copyable text="waypost admin password" what="the command" />
            <p class="quiet" role="status">This page goes on as soon as there is one.</p>
          </>
        ) : (
          <>
            {about?.demo || about?.capture ? <p>The program has printed a link that logs you in, on its terminal.</p> : null}
            {problem ? <Trouble problem={problem} /> : null}
            <label>User<input ref={first} name="user" required autocomplete="username" defaultValue={about?.demo || about?.capture ? 'demo' : 'admin'} spellcheck={false} autocapitalize="off" /></label>
            <label>Password<input name="password" type="password" required autocomplete="current-password" /></label>
            <button type="submit" class="main" disabled={busy}>{busy ? 'One moment …' : 'Log in'}</button>
          </>
        )}
      </form>
    </main>
  );
}
