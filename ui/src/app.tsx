import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { readTitles, titles } from './causes';
import { type About, ask, findSession, logOut, type Refusal, session } from './client';
import { focusRowLeft, useKeys } from './keys';
import { deafen, listen, liveness } from './live';
import { Dialog } from './parts/dialog';
import { Icon, type IconName } from './parts/icon';
import { Mark } from './parts/mark';
import { Empty, Trouble } from './parts/notice';
import { asRefusal } from './resource';
import { go, place } from './route';
import { ActivityScreen } from './screens/activity';
import { KeysScreen } from './screens/api_keys';
import { BouncesScreen } from './screens/bounces';
import { DiagnoseScreen } from './screens/diagnose';
import { DomainScreen } from './screens/domain';
import { DomainsScreen } from './screens/domains';
import { LoginScreen } from './screens/login';
import { MessageScreen } from './screens/message';
import { OverviewScreen } from './screens/overview';
import { ProviderScreen, ProvidersScreen } from './screens/providers';
import { SuppressionsScreen } from './screens/suppressions';
import { readBox, writeBox } from './search';
import { setTheme, shade } from './theme';
import { setZone, zone } from './zone';

const PAGES: { path: string; words: string; icon: IconName }[] = [
  { path: '/', words: 'Overview', icon: 'overview' },
  { path: '/activity', words: 'Activity', icon: 'inbox' },
  { path: '/providers', words: 'Providers', icon: 'providers' },
  { path: '/bounces', words: 'Bounces', icon: 'bounces' },
  { path: '/diagnose', words: 'Diagnose', icon: 'diagnose' },
  { path: '/domains', words: 'Domains', icon: 'domains' },
  { path: '/suppressions', words: 'Suppressions', icon: 'suppressed' },
  { path: '/keys', words: 'Keys', icon: 'key' },
];

const ADMIN_LOOKED_FOR_MS = 1_500;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function screenOf(path: string): { words: string; screen: JSX.Element } {
  const [, first = '', second] = path.split('/');
  const named = second ? decoded(second) : '';
  switch (first) {
    case '': return { words: 'Overview', screen: <OverviewScreen /> };
    case 'activity': return { words: 'Activity', screen: <ActivityScreen /> };
    case 'messages': return { words: 'Message', screen: <MessageScreen key={named} id={named} /> };
    case 'providers': return named ? { words: named, screen: <ProviderScreen key={named} site={named} /> } : { words: 'Providers', screen: <ProvidersScreen /> };
    case 'diagnose': return { words: 'Diagnose', screen: <DiagnoseScreen /> };
    case 'domains': return named ? { words: named, screen: <DomainScreen key={named} name={named} /> } : { words: 'Domains', screen: <DomainsScreen /> };
    case 'bounces': return { words: 'Bounces', screen: <BouncesScreen /> };
    case 'keys': return { words: 'Keys', screen: <KeysScreen /> };
    case 'suppressions': return { words: 'Suppressions', screen: <SuppressionsScreen /> };
    default: return { words: 'Not found', screen: <NoSuchPage /> };
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function App() {
  const { path } = place.use();
  const known = session.use();
  const [about, setAbout] = useState<About>();
  const [problem, setProblem] = useState<Refusal>();
  const begin = () => {
    setProblem(undefined);
    ask<About>('/v1/about').then((found) => {
      setAbout(found);
      return findSession(found);
    }).catch((failure: unknown) => setProblem(asRefusal(failure)));
  };
  useEffect(begin, []);
  // Who sets the first password comes back to this page and wants to use it.
  useEffect(() => {
    if (!about?.needs_admin) return;
    const timer = setInterval(() => document.hidden || ask<About>('/v1/about').then(setAbout, () => undefined), ADMIN_LOOKED_FOR_MS);
    return () => clearInterval(timer);
  }, [about?.needs_admin]);
  useEffect(() => {
    if (known) listen();
    else deafen();
  }, [Boolean(known)]);
  if (problem) return <main><Trouble problem={problem} again={begin} /></main>;
  if (path === '/login') return <><Ribbon about={about} /><LoginScreen about={about} /></>;
  if (!known) return <main aria-busy="true" />;
  return <Frame about={about} />;
}

function Frame({ about }: { about: About | undefined }) {
  const { path } = place.use();
  zone.use(); // every page shows times
  titles.use();
  useEffect(() => void readTitles().catch(() => undefined), []); // without them their slugs are shown
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  const page = useRef<HTMLElement>(null);
  const first = useRef(true);
  const { words, screen } = screenOf(path);
  useKeys(() => setHelp(true));
  // Its pages stand before the button, where Tab does not come next.
  useEffect(() => {
    if (open) document.querySelector<HTMLElement>('#side nav a')?.focus();
  }, [open]);
  useEffect(() => {
    document.title = `${words} · Waypost`;
    setOpen(false);
    if (!first.current && !focusRowLeft()) {
      page.current?.querySelector<HTMLElement>('h1')?.focus();
      scrollTo(0, 0);
    }
    first.current = false;
  }, [path]);
  return (
    <>
      <a class="skip" href="#page" onClick={(event) => { event.preventDefault(); page.current?.focus(); }}>To the page</a>
      <div class="frame">
        <Ribbon about={about} />
        <aside class={`side ${open ? 'is-open' : ''}`} id="side">
          <a class="brand" href="/"><Mark />Waypost</a>
          <nav aria-label="Pages">
            {PAGES.map((each) => (
              <a key={each.path} href={each.path} aria-current={isHere(each.path, path) ? 'page' : undefined}>
                <Icon name={each.icon} />{each.words}
              </a>
            ))}
          </nav>
          <div class="foot">
            <ZoneSwitch />
            {about ? <p>{about.hostname}<br />Waypost {about.version}</p> : null}
          </div>
        </aside>
        <Top open={open} onMenu={() => setOpen(!open)} onHelp={() => setHelp(true)} />
        <main ref={page} id="page" tabIndex={-1}>{screen}</main>
      </div>
      {help ? <Help onClose={() => setHelp(false)} /> : null}
    </>
  );
}

function Ribbon({ about }: { about: About | undefined }) {
  if (about?.demo)
    return <div class="ribbon" role="note"><strong>DEMO</strong>The mail hosts behind this are pretend. Nothing leaves this machine.</div>;
  if (about?.capture)
    return <div class="ribbon" role="note"><strong>CAPTURE</strong>Mail is kept here and shown. None of it is sent to anybody.</div>;
  return null;
}

function isHere(page: string, path: string): boolean {
  if (page === '/') return path === '/';
  return path === page || path.startsWith(`${page}/`) || (page === '/activity' && path.startsWith('/messages/'));
}

function Top({ open, onMenu, onHelp }: { open: boolean; onMenu: () => void; onHelp: () => void }) {
  const { path, query } = place.use();
  const sought = path === '/activity' ? writeBox(query) : '';
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('q')).trim();
    if (UUID.test(text)) return go(`/messages/${text.toLowerCase()}`);
    const kept = path === '/activity' ? new URLSearchParams(query) : new URLSearchParams();
    for (const [name, value] of Object.entries(readBox(text))) {
      if (value) kept.set(name, value);
      else kept.delete(name);
    }
    const asked = kept.toString();
    go(asked ? `/activity?${asked}` : '/activity');
  };
  return (
    <header class="top">
      <button type="button" class="menu plain" aria-expanded={open} aria-controls="side" aria-label="Pages" onClick={onMenu}><Icon name="menu" /></button>
      <form role="search" onSubmit={onSubmit}>
        <Icon name="search" />
        <input key={sought} id="search" name="q" type="search" defaultValue={sought} aria-label="Search mail" autocomplete="off" spellcheck={false}
          placeholder="Address, id, subject:… tag:… from:…" />
        <kbd aria-hidden="true">/</kbd>
      </form>
      <div class="rest">
        <Live />
        <button type="button" class="plain wide" onClick={onHelp} aria-label="Keyboard" title="Keyboard"><kbd>?</kbd></button>
        <ThemeSwitch />
        <Account />
      </div>
    </header>
  );
}

const LIVE = { connecting: 'connecting', live: 'live', lost: 'not live' } as const;

function Live() {
  const state = liveness.use();
  return (
    <span class={`live is-${state}`} role="status" title={state === 'lost' ? 'The stream of events was cut; it is tried again.' : 'Events are shown as they happen.'}>
      {LIVE[state]}
    </span>
  );
}

function ThemeSwitch() {
  const seen = shade.use();
  const next = seen === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="plain" aria-label={`Switch to ${next}`} title={`Switch to ${next}`} onClick={() => setTheme(next)}>
      <Icon name={seen === 'dark' ? 'sun' : 'moon'} />
    </button>
  );
}

function ZoneSwitch() {
  const seen = zone.use();
  return (
    <div class="choice" role="group" aria-label="Whose clock">
      <button type="button" aria-pressed={seen === 'here'} onClick={() => setZone('here')}>Local time</button>
      <button type="button" aria-pressed={seen === 'utc'} onClick={() => setZone('utc')}>UTC</button>
    </div>
  );
}

function Account() {
  const known = session.use();
  return <button type="button" class="plain" title={`Logged in as ${known?.user ?? ''}`} onClick={() => void logOut()}>Log out</button>;
}

function Help({ onClose }: { onClose: () => void }) {
  const keys: [string, string][] = [
    ['/', 'Search'], ['j  k', 'Next row, row before'], ['Enter', 'Open the row'], ['Esc', 'Back, or leave a field'],
    ['g o', 'Overview'], ['g a', 'Activity'], ['g p', 'Providers'], ['g b', 'Bounces'], ['g d', 'Diagnose'],
    ['g m', 'Domains'], ['g s', 'Suppressions'], ['g k', 'Keys'], ['?', 'This'],
  ];
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, words]) => [<dt key={key}>{key.split(/\s+/).map((each) => <kbd key={each}>{each}</kbd>)}</dt>, <dd key={`${key}-means`}>{words}</dd>])}
      </dl>
      <div class="buttons"><button type="button" onClick={(event) => event.currentTarget.closest('dialog')?.close()}>Close</button></div>
    </Dialog>
  );
}

function NoSuchPage() {
  return (
    <>
      <h1 tabIndex={-1} class="offscreen">Not found</h1>
      <Empty icon="search" title="There is no such page"><p><a class="button" href="/">Overview</a></p></Empty>
    </>
  );
}
