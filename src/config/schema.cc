#include "config/schema.h"

#include <fmt/format.h>

namespace waypost::config {

// One key for two members.
static void store(Listener& listener, ListenAddress value, const Origin&) {
  listener.address = value.endpoint;
  listener.socket_name = std::move(value.socket_name);
}

namespace {

using namespace std::chrono_literals;

constexpr Duration day = std::chrono::hours(24);
constexpr uint64_t kib = 1ull << 10;
constexpr uint64_t gib = 1ull << 30;

// clang-format off
std::vector<Key<Config>> top_keys() {
  using C = Config;
  return {
      required(key<C>("hostname", &C::hostname, host_name(), R"("mail.example.com")", "the name of this server, as it says it to other servers")),
      key<C>("data_dir", &C::data_dir, path(), R"("/var/lib/waypost")", "the folder for queued mail, records and events"),
      key<C>("rules_dir", &C::rules_dir, path(), R"("/etc/waypost/rules")", "the folder of your own rules about replies, in its replies/*.toml"),
      key<C>("loops", &C::loops, count(0, 64), "4", "how many event loops share the work; 0 is one for each core"),
  };
}

std::vector<Key<Listener>> listener_keys() {
  using L = Listener;
  return {
      required(key<L>("address", [](L& listener) -> L& { return listener; }, listen_address(), R"("0.0.0.0:587")", "the IP address and port on which mail is taken, or systemd: and the name of a socket")),
      key<L>("tls", &L::tls, choice<TlsMode>({{"starttls", TlsMode::starttls}, {"implicit", TlsMode::implicit}, {"none", TlsMode::none}}), R"("starttls")", "when TLS begins on a connection"),
      key<L>("trusted_networks", &L::trusted_networks, list_of(network()), R"(["127.0.0.0/8"])", "the list of networks that may send without a login"),
      key<L>("sender_domains", &L::sender_domains, list_of(site_pattern()), R"(["example.com"])", "the list of domains as which those networks may send"),
      key<L>("inbound", &L::inbound, yes_or_no(), "true", "whether anybody may bring mail for the domains of [[inbound]]"),
      key<L>("login_without_tls", &L::login_without_tls, choice<LoginWithoutTls>({{"never", LoginWithoutTls::never}, {"loopback", LoginWithoutTls::loopback}}), R"("never")", "who may log in outside TLS: nobody, or programs on this machine"),
      key<L>("proxy_protocol_from", &L::proxy_protocol_from, list_of(proxies_at()), R"(["192.0.2.10"])", "the list of proxies that begin each connection with a PROXY header"),
      key<L>("xclient_from", &L::xclient_from, list_of(proxies_at()), R"(["192.0.2.20"])", "the list of proxies that may name their client by XCLIENT"),
  };
}

std::vector<Key<Inbound>> inbound_keys() {
  using I = Inbound;
  return {
      required(key<I>("domains", &I::domains, list_of(mail_domain()), R"(["example.com"])", "the list of domains whose mail is taken from anybody")),
      key<I>("recipients", &I::recipients, list_of(local_part()), R"(["postmaster", "abuse"])", "the list of names in front of the @ that exist there"),
  };
}

std::vector<Key<ReturnPathRule>> return_path_keys() {
  using R = ReturnPathRule;
  return {
      required(key<R>("domain", &R::domain, mail_domain(), R"("bounces.example.com")", "the domain to which what comes back is sent, used for nothing else")),
      required(key<R>("forward_to", &R::forward_to, mail_address(), R"("postmaster@example.com")", "the address of the people who get what no program can use")),
      key<R>("sender_domains", &R::sender_domains, list_of(mail_domain()), R"(["example.com"])", "the list of domains whose mail it is for"),
      key<R>("complaints", &R::complaints, list_of(local_part()), R"(["abuse", "fbl"])", "the list of names in front of the @ to which providers send complaints"),
      key<R>("unsubscribe", &R::unsubscribe, list_of(local_part()), R"(["unsubscribe"])", "the list of names in front of the @ that stand in List-Unsubscribe"),
      key<R>("unsubscribe_streams", &R::unsubscribe_streams, list_of(identifier()), R"(["newsletter"])", "the list of streams whose mail gets a List-Unsubscribe field where it has none"),
      key<R>("reports", &R::reports, list_of(local_part()), R"(["dmarc", "tlsrpt"])", "the list of names in front of the @ to which receivers send reports of DMARC and TLS"),
  };
}

std::vector<Key<Tls>> tls_keys() {
  return {
      key<Tls>("certificate", &Tls::certificate, path(), R"("/etc/waypost/tls/fullchain.pem")", "the PEM file with the certificate chain"),
      key<Tls>("key", &Tls::key, path(), R"("/etc/waypost/tls/privkey.pem")", "the PEM file with the private key"),
      key<Tls>("minimum", &Tls::minimum, choice<TlsVersion>({{"1.2", TlsVersion::v1_2}, {"1.3", TlsVersion::v1_3}}), R"("1.2")", "the oldest TLS version that a client may use"),
  };
}

std::vector<Key<Oauth>> oauth_keys() {
  using O = Oauth;
  return {
      key<O>("issuer", &O::issuer, login_name(), R"("https://login.example.com")", "who issues the tokens, as their claim iss says it"),
      key<O>("audiences", &O::audiences, list_of(login_name()), R"(["waypost"])", "the list of names for this relay, of which the claim aud of a token must have one"),
      key<O>("keys_file", &O::keys_file, path(), R"("/etc/waypost/oauth-keys.json")", "the file with the public keys of the issuer, a JSON Web Key Set"),
      key<O>("introspection_url", &O::introspection_url, http_url(), R"("https://login.example.com/oauth2/introspect")", "where the issuer is asked about each token"),
      key<O>("client_id", &O::client_id, login_name(), R"("waypost")", "the name by which the issuer knows this relay when it asks"),
      key<O>("client_secret_file", &O::client_secret_file, path(), R"("/etc/waypost/oauth-client.secret")", "the file with the secret of that name"),
      key<O>("introspection_cache", &O::introspection_cache, duration(0s, 10min), R"("1m")", "how long the issuer's word about a good token is kept"),
      key<O>("scope", &O::scope, scope_token(), R"("smtp")", "the scope that a token must have"),
      key<O>("login_claim", &O::login_claim, login_name(), R"("email")", "the claim of a token that names the login"),
      key<O>("domains_claim", &O::domains_claim, login_name(), R"("mail_domains")", "the claim of a token that lists the domains as which it may send"),
      key<O>("clock_skew", &O::clock_skew, duration(0s, 10min), R"("1m")", "how far the clock of the issuer may be from ours"),
  };
}

std::vector<Key<Limits>> limits_keys() {
  using L = Limits;
  return {
      key<L>("message_octets_max", &L::message_octets_max, octets(64 * kib, gib), R"("25MiB")", "the size of the largest message that is taken"),
      key<L>("recipients_max", &L::recipients_max, count(100, 100'000), "1000", "how many recipients one message may have; RFC 5321 §4.5.3.1.8 asks for at least 100"),
      key<L>("connections_max", &L::connections_max, count(1, 1'000'000), "1000", "how many clients may be connected at a time"),
      key<L>("connections_per_address_max", &L::connections_per_address_max, count(1, 1'000'000), "250", "how many connections one client address may have at a time"),
      key<L>("session_idle", &L::session_idle, duration(1s, 1h), R"("5m")", "how long a client may be silent"),
      key<L>("errors_per_session_max", &L::errors_per_session_max, count(1, 100'000), "20", "how many refused commands end a session"),
      key<L>("messages_per_login_per_minute", &L::messages_per_login_per_minute, count(0, 1'000'000), "600", "how many messages one login may send a minute; 0 is no limit"),
      key<L>("spool_free_octets_min", &L::spool_free_octets_min, octets(0, 1024 * gib), R"("512MiB")", "the free disk space below which new mail is refused for the time being"),
  };
}

std::vector<Key<QueueSettings>> queue_keys() {
  using Q = QueueSettings;
  return {
      key<Q>("retry_first", &Q::retry_first, duration(100ms, day), R"("1m")", "the wait before the second attempt"),
      key<Q>("retry_factor", &Q::retry_factor, number(1, 10), "2.0", "how many times longer each wait is than the one before"),
      key<Q>("retry_max", &Q::retry_max, duration(100ms, 7 * day), R"("1h")", "the longest wait between two attempts"),
      key<Q>("retry_jitter", &Q::retry_jitter, number(0, 0.5), "0.2", "the part of a wait by which chance may shorten or lengthen it"),
      key<Q>("expire_after", &Q::expire_after, duration(1s, 30 * day), R"("5d")", "the age that an undelivered message may reach"),
      key<Q>("delay_notice_after", &Q::delay_notice_after, duration(0s, 30 * day), R"("4h")", "the age at which the sender of an undelivered message is told so; 0s is never"),
      key<Q>("returned_octets_max", &Q::returned_octets_max, octets(0, 16 << 20), R"("64KiB")", "the largest message that a failure notice holds whole, where the sender asked for it (RET=FULL)"),
  };
}

Reader<DeliveryTls> delivery_tls() {
  return choice<DeliveryTls>({{"opportunistic", DeliveryTls::opportunistic}, {"required", DeliveryTls::required}, {"never", DeliveryTls::never}});
}

// For [delivery] and [[route]], which both lead to a next hop.
template <class T>
void add_hop_keys(std::vector<Key<T>>& keys) {
  auto in = [](auto member) { return [member](T& target) -> auto& { return target.login.*member; }; };
  keys.push_back(key<T>("tls_mode", &T::tls_mode, choice<HopTlsMode>({{"starttls", HopTlsMode::starttls}, {"implicit", HopTlsMode::implicit}}), R"("starttls")", "when TLS begins on a connection to the next hop; implicit is what port 465 wants"));
  keys.push_back(key<T>("fallback_ports", &T::fallback_ports, list_of(fallback_port()), R"([465, 2525])", "the list of ports of the next hop that are tried when nobody answers at the first; TLS is required there"));
  keys.push_back(key<T>("login", in(&HopLogin::login), login_name(), R"("shop@example.com")", "the name that we log in with at the next hop"));
  keys.push_back(key<T>("secret_file", in(&HopLogin::secret_file), path(), R"("/etc/waypost/smarthost.secret")", "the file with the password or token of that login"));
  keys.push_back(key<T>("mechanism", in(&HopLogin::mechanism), choice<std::string>({{"auto", "auto"}, {"plain", "plain"}, {"login", "login"}, {"scram-sha-256", "scram-sha-256"}, {"cram-md5", "cram-md5"}, {"xoauth2", "xoauth2"}, {"oauthbearer", "oauthbearer"}}), R"("auto")", "how we log in at the next hop; auto takes the best way for a password"));
}

std::vector<Key<SourceRule>> source_keys() {
  using S = SourceRule;
  return {
      required(key<S>("id", &S::id, identifier(), R"("out1")", "the short name of this source in pools, events and reports")),
      key<S>("addresses", &S::addresses, list_of(ip_address()), R"(["192.0.2.10", "2001:db8::10"])", "the list of addresses from which mail is sent, one of each family at most"),
      key<S>("helo", &S::helo, host_name(), R"("out1.example.com")", "the name that we say in EHLO; it should lead to the addresses, and they to it"),
      key<S>("proxy", &S::proxy, proxy_at(), R"("socks5://proxy.example.com:1080")", "the proxy through which mail leaves"),
      key<S>("proxy_login", &S::proxy_login, login_name(), R"("relay")", "the name that we log in with at a SOCKS proxy"),
      key<S>("proxy_secret_file", &S::proxy_secret_file, path(), R"("/etc/waypost/proxy.secret")", "the file with the password of that login"),
  };
}

std::vector<Key<PoolRule>> pool_keys() {
  using P = PoolRule;
  return {
      required(key<P>("id", &P::id, identifier(), R"("bulk")", "the short name of this pool")),
      required(key<P>("sources", &P::sources, list_of(pool_share()), R"(["out1:3", "out2"])", "the list of sources that share the mail, with their weights")),
      key<P>("streams", &P::streams, list_of(identifier()), R"(["bulk"])", "the list of streams whose mail leaves by this pool"),
  };
}

std::vector<Key<RouteRule>> route_keys() {
  using R = RouteRule;
  auto cap = [](auto member) { return [member](R& route) -> auto& { return route.caps.*member; }; };
  std::vector<Key<R>> keys{
      required(key<R>("id", &R::id, identifier(), R"("provider")", "the short name of this route in reports")),
      required(key<R>("match", &R::match, list_of(route_pattern()), R"(["*.corp.example", "*"])", "the list of recipient domains that this route is for")),
      required(key<R>("next_hop", &R::next_hop, next_hop(), R"("smtp.provider.example:587")", "the relay that takes the mail of these domains")),
      key<R>("tls", &R::tls, delivery_tls(), R"("opportunistic")", "whether mail goes to this next hop encrypted; a login makes it required"),
      key<R>("pool", &R::pool, identifier(), R"("bulk")", "the pool of sources by which mail goes to this next hop"),
      key<R>("connections", cap(&AccountCaps::connections), count(1, 10'000), "10", "how many connections the provider allows at a time; we stay 20 % under it"),
      key<R>("messages_per_hour", cap(&AccountCaps::messages_per_hour), count(1, 1'000'000'000), "500", "how many messages an hour the provider allows; we stay 20 % under it"),
      key<R>("messages_per_day", cap(&AccountCaps::messages_per_day), count(1, 1'000'000'000), "2000", "how many messages a day the provider allows; we stay 20 % under it"),
  };
  add_hop_keys(keys);
  return keys;
}

std::vector<Key<DeliverySettings>> delivery_keys() {
  using D = DeliverySettings;
  std::vector<Key<D>> keys{
      key<D>("next_hop", &D::next_hop, next_hop(), R"("smtp.provider.example:587")", "the relay that takes what no route matches; without it, mail goes to the MX hosts of each domain"),
      key<D>("mx_port", &D::mx_port, port(), "25", "the port of MX hosts"),
      key<D>("tls", &D::tls, delivery_tls(), R"("opportunistic")", "whether mail goes out encrypted"),
      key<D>("source_address", &D::source_address, ip_address(), R"("192.0.2.10")", "the local address from which mail is sent"),
      key<D>("pool", &D::pool, identifier(), R"("main")", "the pool of sources by which mail leaves, where neither its route nor its stream has one"),
      key<D>("addresses", &D::addresses, choice<AddressChoice>({{"ipv4-first", AddressChoice::ipv4_first}, {"ipv6-first", AddressChoice::ipv6_first}, {"ipv4-only", AddressChoice::ipv4_only}, {"ipv6-only", AddressChoice::ipv6_only}}), R"("ipv4-first")", "which addresses of a host are tried, and in which order"),
      key<D>("eight_bit_content", &D::eight_bit_content, choice<EightBitContent>({{"send-as-is", EightBitContent::send_as_is}, {"bounce", EightBitContent::bounce}}), R"("send-as-is")", "what becomes of 8-bit content at a host without 8BITMIME"),
      key<D>("transcripts", &D::transcripts, choice<Transcripts>({{"off", Transcripts::off}, {"failures", Transcripts::failures}, {"all", Transcripts::all}}), R"("off")", "of which attempts the conversation is kept"),
      key<D>("connect_timeout", &D::connect_timeout, duration(100ms, 5min), R"("30s")", "how long a connection may take to be made"),
      key<D>("mx_hosts_tried_max", &D::mx_hosts_tried_max, count(1, 20), "5", "how many addresses of MX hosts one attempt tries"),
      key<D>("forbidden_addresses", &D::forbidden_addresses, list_of(forbidden_network()), R"(["127.0.0.0/8", "::1/128", "10.0.0.0/8"])", "the list of networks where no mail goes because a recipient's address or domain leads there"),
      key<D>("connections_max", &D::connections_max, count(0, 100'000), "0", "how many connections may be open at a time, over all sites; 0 is as many as the limit of open files allows"),
      key<D>("idle_connection", &D::idle_connection, duration(0s, 10min), R"("10s")", "how long an idle connection waits for the next message"),
  };
  add_hop_keys(keys);
  return keys;
}

// For [site_default] and [[site]]; `limits` leads from T to its SiteLimits.
template <class T, class Access>
std::vector<Key<T>> site_limit_keys(Access limits) {
  using S = SiteLimits;
  auto in = [limits](auto member) {
    return [limits, member](T& target) -> auto& { return limits(target).*member; };
  };
  return {
      key<T>("connections", in(&S::connections), count(1, 10'000), "20", "how many connections to one site may be open at a time"),
      key<T>("connections_per_minute", in(&S::connections_per_minute), count(0, 1'000'000), "0", "how many new connections a minute one site gets; 0 is no limit"),
      key<T>("messages_per_second", in(&S::messages_per_second), number(0, 100'000), "0", "how many messages a second one site gets; 0 is no limit"),
      key<T>("messages_per_hour", in(&S::messages_per_hour), count(0, 1'000'000'000), "0", "how many messages one site gets in any hour; 0 is no limit"),
      key<T>("messages_per_day", in(&S::messages_per_day), count(0, 1'000'000'000), "0", "how many messages one site gets in any 24 hours; 0 is no limit"),
      key<T>("messages_per_connection", in(&S::messages_per_connection), count(1, 1'000'000), "100", "how many messages go over one connection"),
      key<T>("recipients_per_message", in(&S::recipients_per_message), count(1, 10'000), "50", "how many recipients one copy of a message may have"),
  };
}

std::vector<Key<SiteRule>> site_keys() {
  using R = SiteRule;
  std::vector<Key<R>> keys{
      required(key<R>("id", &R::id, identifier(), R"("partner")", "the short name of this rule in reports")),
      key<R>("match", &R::match, list_of(site_pattern()), R"(["mx.partner.example", "*.partner.example"])", "the list of recipient domains and MX hosts that this rule is for; a site that Waypost knows has its own"),
  };
  for (Key<R>& limit : site_limit_keys<R>([](R& rule) -> SiteLimits& { return rule.limits; }))
    keys.push_back(std::move(limit));
  return keys;
}

std::vector<Key<StreamRule>> stream_keys() {
  using R = StreamRule;
  return {
      required(key<R>("id", &R::id, identifier(), R"("passwords")", "the name of the stream, as logins and messages say it")),
      key<R>("share", &R::share, number(0.01, 0.9), "0.5", "the part of the turns that this stream gets at a site where other mail waits, too"),
      key<R>("reserve", &R::reserve, number(0, 0.5), "0.1", "the part of each site's pace and connections that is kept free for this stream"),
      key<R>("expire_after", &R::expire_after, duration(1s, 30 * day), R"("10m")", "the age at which a message of this stream is worth nothing any more"),
  };
}

std::vector<Key<DnsSettings>> dns_keys() {
  using D = DnsSettings;
  return {
      key<D>("resolver", &D::resolver, endpoint(53), R"("127.0.0.1:53")", "the DNS server that is asked; without it, those of the system"),
      key<D>("records", &D::records, list_of(zone_line()), R"(["mx.example. 60 IN A 192.0.2.1"])", "the list of records that Waypost answers itself, for a lab or a demonstration"),
      key<D>("timeout", &D::timeout, duration(100ms, 2min), R"("10s")", "how long one question may take"),
  };
}

std::vector<Key<EventSettings>> event_keys() {
  using E = EventSettings;
  return {
      key<E>("file_octets_max", &E::file_octets_max, octets(64 * kib, 1024 * gib), R"("256MiB")", "the size at which a new event file is begun"),
      key<E>("keep_files", &E::keep_files, count(1, 100'000), "20", "how many event files are kept"),
      key<E>("keep", &E::keep, duration(1h, 24h * 3650), R"("30d")", "how long what the event files hold is kept"),
      key<E>("flush_every", &E::flush_every, duration(1ms, 1min), R"("100ms")", "how long an event may wait before it is written"),
  };
}

std::vector<Key<DropSettings>> drop_keys() {
  using D = DropSettings;
  return {
      key<D>("group", &D::group, identifier(), R"("waypost-submit")", "the group of this machine whose members may hand in mail with `waypost sendmail`"),
  };
}

std::vector<Key<HttpSettings>> http_keys() {
  using H = HttpSettings;
  return {
      key<H>("address", &H::address, endpoint(0), R"("127.0.0.1:8025")", "the IP address and port of the API, the dashboard and the health checks"),
      key<H>("hostnames", &H::hostnames, list_of(web_name()), R"(["waypost.example.com"])", "the list of names by which browsers reach the dashboard, besides `hostname`"),
      key<H>("behind_tls", &H::behind_tls, yes_or_no(), "true", "whether browsers reach the dashboard only through a proxy with TLS"),
      key<H>("proxies", &H::proxies, list_of(proxies_at()), R"(["192.0.2.10"])", "the list of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"),
  };
}

std::vector<Key<RecordSettings>> record_keys() {
  using R = RecordSettings;
  return {
      key<R>("keep", &R::keep, duration(0s, 24h * 3650), R"("30d")", "how long what happened to a message is kept in the searchable records"),
      key<R>("keep_transcripts", &R::keep_transcripts, duration(0s, 24h * 3650), R"("7d")", "how long transcripts of attempts are kept"),
      key<R>("keep_reports", &R::keep_reports, duration(24h, 24h * 3650), R"("400d")", "how long DMARC reports are kept after the days of which they tell"),
      key<R>("subjects", &R::subjects, yes_or_no(), "false", "whether the beginning of each subject is kept, in events and records, to search by it"),
  };
}

std::vector<Key<SuppressionSettings>> suppression_keys() {
  using S = SuppressionSettings;
  return {
      key<S>("mode", &S::mode, choice<SuppressionMode>({{"refuse", SuppressionMode::refuse}, {"accept-and-record", SuppressionMode::accept_and_record}, {"off", SuppressionMode::off}}), R"("accept-and-record")", "what becomes of mail to an address that is on the list of `waypost suppressions`"),
  };
}

std::vector<Key<SigningSettings>> signing_keys() {
  using S = SigningSettings;
  const auto fate = [] { return choice<UnsignedMail>({{"accept", UnsignedMail::accept}, {"warn", UnsignedMail::warn}, {"hold", UnsignedMail::hold}, {"refuse", UnsignedMail::refuse}}); };
  return {
      key<S>("domains", &S::domains, list_of(mail_domain()), R"(["shop.example"])", "the list of domains that sign, of those that have keys; without it, all of them"),
      key<S>("unsigned", &S::unsigned_mail, fate(), R"("warn")", "what becomes of mail that nobody can sign"),
      key<S>("unaligned", &S::unaligned_mail, fate(), R"("warn")", "what becomes of mail that another domain than that of its From field signs alone"),
  };
}

std::vector<Key<SigningKeyRule>> signing_key_keys() {
  using R = SigningKeyRule;
  return {
      required(key<R>("domain", &R::domain, mail_domain(), R"("shop.example")", "the domain that signs with this key")),
      required(key<R>("selector", &R::selector, identifier(), R"("mail2024")", "the name of the key in DNS: SELECTOR._domainkey.DOMAIN")),
      required(key<R>("file", &R::file, path(), R"("/etc/dkimkeys/mail2024.private")", "the file with the private key")),
  };
}

std::vector<Key<DiagnosisSettings>> diagnosis_keys() {
  using D = DiagnosisSettings;
  return {
      key<D>("enabled", &D::enabled, yes_or_no(), "true", "whether a site that mail cannot reach is looked at as `waypost doctor` does"),
  };
}

std::vector<Key<LogSettings>> log_keys() {
  using L = LogSettings;
  return {
      key<L>("level", &L::level, choice<LogLevel>({{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}}), R"("info")", "the least important kind of line that is logged"),
      key<L>("format", &L::format, choice<LogFormat>({{"text", LogFormat::text}, {"json", LogFormat::json}}), R"("text")", "whether log lines are for people or for programs"),
  };
}
// clang-format on

template <class T>
std::vector<KeyText> texts(const std::vector<Key<T>>& keys) {
  std::vector<KeyText> result;
  for (const Key<T>& key : keys) result.push_back(key.text);
  return result;
}

// `access` is a member pointer or a function from Config& to the table's target.
template <class T, class Access>
Section table(std::string_view name, Access access, std::vector<Key<T>> keys) {
  std::vector<KeyText> key_texts = texts(keys);
  return {
      name, false, std::move(key_texts),
      [name, access, keys = std::move(keys)](Notebook& notebook, const Node& node, Config& config) {
        read_table(notebook, {name, std::string(name)}, node, keys, std::invoke(access, config));
      }};
}

template <class T>
Section tables(std::string_view name, std::vector<T> Config::*member, std::vector<Key<T>> keys) {
  std::vector<KeyText> key_texts = texts(keys);
  auto read = [name, member, keys = std::move(keys)](Notebook& notebook, const Node& node,
                                                     Config& config) {
    TableName item{name, fmt::format("{}[{}]", name, (config.*member).size())};
    T& target = (config.*member).emplace_back();
    target.origin = notebook.origin(node.place);
    notebook.note_written(item.path, node.place, true);
    read_table(notebook, item, node, keys, target);
    if (notebook.has_broken_lines()) return;
    for (const Key<T>& key : keys)
      if (key.text.required && !notebook.is_written(item.of(key.text.name)))
        report_missing_key(notebook, name, key.text, node.place);
  };
  return {name, true, std::move(key_texts), std::move(read)};
}

}  // namespace

const std::vector<Section>& sections() {
  using C = Config;
  static const std::vector<Section> all{
      table(
          "", [](C& config) -> C& { return config; }, top_keys()),
      tables("listener", &C::listeners, listener_keys()),
      tables("inbound", &C::inbound, inbound_keys()),
      tables("return_path", &C::return_paths, return_path_keys()),
      table("tls", &C::tls, tls_keys()),
      table("oauth", &C::oauth, oauth_keys()),
      table("limits", &C::limits, limits_keys()),
      table("queue", &C::queue, queue_keys()),
      table("delivery", &C::delivery, delivery_keys()),
      table("site_default", &C::site_default,
            site_limit_keys<SiteLimits>([](SiteLimits& limits) -> SiteLimits& { return limits; })),
      tables("site", &C::sites, site_keys()),
      tables("route", &C::routes, route_keys()),
      tables("source", &C::sources, source_keys()),
      tables("pool", &C::pools, pool_keys()),
      tables("stream", &C::streams, stream_keys()),
      table("dns", &C::dns, dns_keys()),
      table("events", &C::events, event_keys()),
      table("drop", &C::drop, drop_keys()),
      table("http", &C::http, http_keys()),
      table("records", &C::records, record_keys()),
      table("suppressions", &C::suppressions, suppression_keys()),
      table("signing", &C::signing, signing_keys()),
      tables("signing_key", &C::signing_keys, signing_key_keys()),
      table("diagnosis", &C::diagnosis, diagnosis_keys()),
      table("log", &C::log, log_keys()),
  };
  return all;
}

const Section* find_section(std::string_view name) {
  for (const Section& section : sections())
    if (section.name == name) return &section;
  return nullptr;
}

std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys;
  for (const Section& section : sections())
    for (const KeyText& key : section.keys)
      keys.push_back({std::string(section.name), std::string(key.name), std::string(key.meaning),
                      std::string(key.example)});
  return keys;
}

}  // namespace waypost::config
