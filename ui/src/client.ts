import { go, place } from './route';
import { store } from './store';
import type { Problem } from './schema';

export interface Session {
  user: string;
  scopes: string[];
  csrf: string;
  expires_at: string;
}

export interface About {
  name: string;
  version: string;
  hostname: string;
  demo: boolean;
  capture: boolean;
  needs_admin: boolean;
  /** Whether this browser is logged in; where it is not said, GET /v1/session tells. */
  session?: boolean;
}

/** undefined: not asked yet; null: nobody is logged in. */
export const session = store<Session | null | undefined>(undefined);

/** What the relay is: known once it was asked for. */
export const relay = store<About | undefined>(undefined);

/** What the relay refused, in its own words, or why there was no answer. */
export class Refusal extends Error {
  readonly code: number;
  readonly title: string;
  readonly fields: { field: string; message: string }[];

  constructor(code: number, title: string, detail: string, fields: { field: string; message: string }[] = []) {
    super(detail);
    this.code = code;
    this.title = title;
    this.fields = fields;
  }
}

export interface Asked {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
}

async function refusal(answer: Response): Promise<Refusal> {
  if (answer.headers.get('content-type')?.includes('problem+json')) {
    const problem = (await answer.json()) as Problem;
    return new Refusal(answer.status, problem.title, problem.detail, problem.errors ?? []);
  }
  return new Refusal(answer.status, `The relay answered ${answer.status}`, answer.statusText || 'It did not say why.');
}

/** The answer, whatever its kind. Throws Refusal; 401 leads to the login and back. */
export async function request(path: string, asked: Asked = {}): Promise<Response> {
  const method = asked.method ?? 'GET';
  const fields: Record<string, string> = {};
  if (asked.body !== undefined) fields['Content-Type'] = 'application/json';
  const csrf = session.get()?.csrf;
  if (method !== 'GET' && csrf) fields['X-Waypost-CSRF'] = csrf;
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: fields,
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
      signal: asked.signal ?? null,
      credentials: 'same-origin',
    });
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === 'AbortError') throw failure;
    throw new Refusal(0, 'The relay does not answer', 'It may have stopped, or the way to it is cut. On its machine: systemctl status waypost');
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== '/v1/session') askForLogin();
  throw await refusal(answer);
}

export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const answer = await request(path, asked);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

function askForLogin() {
  session.set(null);
  const { path, query } = place.get();
  if (path === '/login') return;
  const text = query.toString();
  go(`/login?next=${encodeURIComponent(text ? `${path}?${text}` : path)}`, 'replace');
}

export async function findSession(about: About) {
  relay.set(about);
  if (about.session === false) return askForLogin();
  await renewSession();
}

/** Asks whether somebody is still logged in; whoever is not is led to the login and back. */
export async function renewSession() {
  try {
    session.set(await ask<Session>('/v1/session'));
  } catch (failure) {
    if (!(failure instanceof Refusal) || failure.code !== 401) throw failure;
    askForLogin();
  }
}

export async function logIn(user: string, password: string) {
  session.set(await ask<Session>('/v1/session', { method: 'POST', body: { user, password } }));
}

export async function logOut() {
  try {
    await ask('/v1/session', { method: 'DELETE' });
  } finally {
    session.set(null);
    go('/login');
  }
}
