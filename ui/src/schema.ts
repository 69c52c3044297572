// Made from docs/format/openapi.json by tools/types.mjs; not to be edited.

export type Problem = { type: string; title: string; status: number; detail: string; name: string; message: string; statusCode: number; errors?: Array<{ field: string; message: string; [other: string]: unknown; }>; [other: string]: unknown; };

export type Attachment = { filename: string; content: string; content_type?: string; content_id?: string; };

export type Tag = { name: string; value: string; };

export type Email = { from: string; to?: string | Array<string>; cc?: string | Array<string>; bcc?: string | Array<string>; reply_to?: string | Array<string>; subject?: string; text?: string; html?: string; headers?: Record<string, string>; attachments?: Array<Attachment>; stream?: string; tags?: Array<Tag>; expire_after?: string; scheduled_at?: string; raw?: string; };

export type Accepted = { id: string; object: "email"; status: "queued" | "scheduled"; scheduled_at?: string; recipients: Array<{ to: string; status: "queued" | "scheduled"; [other: string]: unknown; }>; };

export type Batch = { data: Array<Accepted | Problem>; };

export type Recipient = { to: string; status: "queued" | "throttled" | "deferred" | "scheduled" | "held" | "unknown" | "delivered" | "bounced" | "expired" | "suppressed" | "cancelled" | "rejected"; late?: boolean; complained?: boolean; at?: string; attempts?: number; site?: string; host?: string; last_reply?: string; hold?: string; reason?: string; limit_origin?: string; next_attempt_at?: string; scheduled_at?: string; expires_at?: string; diagnosis?: Explanation; };

export type Event = { v: number; event: string; at: string; [other: string]: unknown; };

export type EmailState = { object: "email"; id: string; status: "queued" | "throttled" | "deferred" | "scheduled" | "held" | "unknown" | "delivered" | "bounced" | "expired" | "suppressed" | "cancelled" | "rejected"; complained?: boolean; direction?: "sent" | "notice" | "inbound"; about?: string; from: string; created_at: string; size?: number; message_id?: string; subject?: string; tenant?: string; stream: string; key?: string; scheduled_at?: string; tags: Array<{ name: string; value: string; }>; metadata: Record<string, string>; recipients: Array<Recipient>; timeline?: Array<Event>; };

export type EmailList = { object: "list"; data: Array<EmailState>; has_more: boolean; next_before?: string; };

export type EmailContent = { object: "email_content"; id: string; headers: Array<{ name: string; value: string; }>; text?: string; html?: string; attachments: Array<{ filename: string; content_type: string; size: number; content_id?: string; inline: boolean; }>; cut: boolean; };

export type Transcripts = { object: "list"; data: Array<{ attempt: number; at: string; recipients: Array<string>; text: string; [other: string]: unknown; }>; has_more: boolean; };

export type Done = { id: string; recipients: number; sending: number; paused?: number; };

export type Reschedule = { scheduled_at: string; };

export type Rescheduled = { object: "email"; id: string; scheduled_at?: string; recipients?: number; sending?: number; };

export type Standing = { id: string; recipient: string; sender?: string; tenant?: string; stream?: string; login?: string; site?: string; hold: string; reason: string; limit_origin?: string; attempts: number; last_reply?: string; last_host?: string; class?: string; size?: number; accepted_at: string; expires_at: string; next_attempt_at?: string; deadline?: boolean; scheduled_at?: string; };

export type Queue = { object: "list"; data: Array<Standing>; has_more: boolean; next_after?: string; messages?: number; ledger?: { [other: string]: unknown; }; };

export type Site = { site: string; queued: number; ready: number; attempts?: number; connections_max?: number; connections_limit?: number; connections_origin?: string; per_second?: number; per_second_origin?: string; measure: string; troubles?: number; last_trouble?: string; slowed_since?: string; slowed_by?: string; last_host?: string; doctor_target?: string; hold?: string; reason?: string; limit_origin?: string; next_attempt_at?: string; limits: { [other: string]: unknown; }; pauses?: Array<Pause>; asked_limit?: AskedLimit; [other: string]: unknown; };

export type Sites = { object: "list"; data: Array<Site>; has_more: boolean; unrouted: number; };

export type Pause = { scope: "everything" | "site" | "domain" | "stream" | "tenant" | "sender-domain"; name: string; by: string; reason: string; since: string; until?: string; };

export type PauseRequest = { for?: string; reason?: string; };

export type Paused = { paused: Pause; known: boolean; unrouted: number; };

export type Resumed = { resumed: boolean; };

export type AskedLimit = { site: string; connections?: number; connections_per_minute?: number; messages_per_second?: number; messages_per_hour?: number; messages_per_day?: number; by: string; reason: string; since: string; until: string; };

export type LimitRequest = { connections?: number; connections_per_minute?: number; messages_per_second?: number; messages_per_hour?: number; messages_per_day?: number; for?: string; reason?: string; };

export type Limited = { limited: AskedLimit; known: boolean; unrouted: number; };

export type Lifted = { lifted: boolean; };

export type Provider = { object: "provider"; name: string; site?: Site; pauses: Array<Pause>; replies: Array<{ at: string; event: "deferred" | "bounced" | "late_bounced"; id?: string; recipient: string; recipients: number; reply: string; class: string; host: string; }>; asked_limit?: AskedLimit; };

export type Suppression = { address: string; scope: string; reason: string; since: string; expires?: string; who?: string; message?: string; evidence?: string; };

export type SuppressionRequest = { reason?: string; scope?: string; expires?: string; evidence?: string; };

export type Suppressions = { object: "list"; data: Array<Suppression>; has_more: boolean; total?: number; next_after?: string; };

export type Question = { text: string; provider?: string; mx?: string; phase?: string; our_ip?: string; our_domain?: string; };

export type Causes = { object: "list"; data: Array<{ cause: string; title: string; meaning: string; }>; has_more: boolean; };

export type Explanation = { class: string; group: string; who: string; actor?: string; disposition: "transient" | "permanent" | null; suppress: boolean; provider: string | null; standard_meaning: string | null; meaning: string; confidence: string; rule: string | null; evidence: { [other: string]: unknown; } | null; alternatives: Array<string>; remedy: Array<string>; retry_after_s: number | null; };

export type About = { name: "Waypost"; version: string; hostname: string; demo: boolean; capture: boolean; needs_admin: boolean; session: boolean; };

export type Login = { user: string; password: string; };

export type Session = { user: string; scopes: Array<"send" | "read" | "admin">; csrf: string; expires_at: string; };

export type Overview = { window: "1h" | "24h" | "7d" | "30d"; since: string; verdict: { state: "good" | "attention" | "slow" | "failing" | "idle"; text: string; }; accepted: number; delivered: number; deferred: number; bounced: number; complained: number; apart: { notices: { accepted: number; delivered: number; deferred: number; bounced: number; [other: string]: unknown; }; inbound: { accepted: number; delivered: number; deferred: number; bounced: number; [other: string]: unknown; }; [other: string]: unknown; }; waiting: number; unrouted: number; held: number; oldest_waiting_seconds: number; paused: boolean; loss: { acknowledged: number; unaccounted: number; }; causes_since: string; causes: Array<{ cause: string; title: string; count: number; deferred: number; bounced: number; share: number; who_acts: "sender" | "recipient" | "receiver" | "domain-owner" | "nobody" | "unknown"; actor: string; provider: string; example_message: string; last_seen: string; }>; providers: Array<{ provider: string; delivered: number; deferred: number; bounced: number; waiting: number; rate_per_second: number; limit_per_second: number | null; state: "open" | "probe" | "slow" | "stop"; }>; };

export type History = { window: string; step_seconds: number; start: string; series: { accepted?: Array<number | null>; delivered: Array<number | null>; deferred: Array<number | null>; bounced: Array<number | null>; waiting: Array<number | null>; }; };

export type Bounces = { object: "list"; window: "1h" | "24h" | "7d" | "30d"; since: string; bounced: number; has_more: boolean; data: Array<{ cause: string; title: string; class: string; who_acts: "sender" | "recipient" | "receiver" | "domain-owner" | "nobody" | "unknown"; actor: string; meaning: string; fix: Array<string>; count: number; share: number; providers: Array<{ provider: string; count: number; }>; first_seen: string; last_seen: string; example: { message: string; recipient: string; reply: string; }; }>; };

export type Walk = { target: string; to?: string; user?: string; password?: string; };

export type SigningKey = { selector: string; type: "rsa2048" | "ed25519"; state: "prepared" | "signing" | "retired"; made_at: string; since: string; };

export type SendingDomain = { domain: string; return_path?: string; keys: Array<SigningKey>; problem?: string; };

export type DomainList = { object: "list"; data: Array<SendingDomain>; has_more: boolean; next_after?: string; };

export type DomainKeys = { domain: string; keys: Array<SigningKey>; };

export type NewDomain = { domain: string; senders?: Array<string>; return_path?: string; reports?: string; policy?: "none" | "quarantine" | "reject"; type?: "rsa" | "ed25519" | "both"; };

export type WantedRecord = { purpose: "spf" | "dkim" | "dmarc" | "return-path-mx" | "return-path-spf"; name: string; relative_name: string; type: "TXT" | "MX"; value: string | null; priority?: number; strings?: Array<string | null>; published: boolean; blocked: boolean; replaces: Array<string | null>; remarks: Array<string | null>; };

export type SeenRecord = { purpose: "spf" | "dkim" | "dmarc" | "return-path-mx" | "return-path-spf"; name: string; relative_name: string; type: "TXT" | "MX"; value: string | null; priority?: number; strings?: Array<string | null>; published: boolean; blocked: boolean; replaces: Array<string | null>; remarks: Array<string | null>; good: boolean; observations: Array<{ server: string; resolver: boolean; difference: "none" | "no-answer" | "missing" | "name-doubled" | "quoted" | "several" | "cut" | "alias" | "different" | "stale" | "behind"; words: string | null; seen: Array<string | null>; ttl_s: number; }>; };

export type DomainPlan = { domain: string; published: boolean; records: Array<WantedRecord>; problems: Array<string | null>; keys: Array<SigningKey>; };

export type DomainVerification = { domain: string; published: boolean; good: boolean; records: Array<SeenRecord>; problems: Array<string | null>; keys: Array<SigningKey>; activated: Array<string>; };

export type DomainLeaving = { domain: string; gone: Array<string>; retired: Array<{ selector: string; until: string; }>; keys: Array<SigningKey>; };

export type DomainRemoved = { domain: string; removed: true; };

export type AddressQuestion = { address: string; };

export type AddressAnswer = { address: string | null; deliverable: "unknown" | "no"; reasons: Array<{ reason: "syntax" | "no-such-domain" | "no-mail-host" | "null-mx" | "dns-unknown" | "suppressed"; words: string; }>; did_you_mean: string | null; mail_hosts: "mx" | "implicit-mx" | "null-mx" | "none" | "unknown" | "literal"; role: boolean; smtputf8: boolean; suppressed?: boolean; };

export type ApiKey = { object: "api-key"; id: string; name: string; tenant: string; stream: string; created_at: string; scopes: Array<"send" | "read" | "admin">; domains?: Array<string>; revoked_at?: string; token?: string; };

export type ApiKeys = { object: "list"; data: Array<ApiKey>; has_more: boolean; };

export type NewApiKey = { name: string; scopes?: "send" | "read" | "admin" | Array<"send" | "read" | "admin">; domains?: string | Array<string>; any_sender?: boolean; tenant?: string; stream?: string; };

export type ApiKeyRevoked = { object: "api-key"; id: string; revoked: true; };
