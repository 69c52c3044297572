# Who may include whom. This table is law: `./dev check` compares it with the real #includes and
# refuses a cycle. A change here needs a line in docs/decisions/.

# Values and words everybody uses; no I/O.
waypost_library(base USES fmt::fmt tl::expected)

# Pure: octets and times in, decisions out.
waypost_library(smtp DEPENDS base)
waypost_library(message DEPENDS base)
# Inside of its sources only: who includes `message` is compiled without their headers.
target_link_libraries(waypost_message
  PRIVATE PkgConfig::GMIME EXPAT::EXPAT LibArchive::LibArchive Boost::json)
waypost_library(toml DEPENDS base USES tomlplusplus::tomlplusplus)
waypost_library(config DEPENDS base toml)
waypost_library(settings DEPENDS base toml)
waypost_embed_toml(settings rules/providers shipped_providers)
waypost_library(classify DEPENDS base smtp toml USES PkgConfig::RE2)
waypost_embed_toml(classify rules/replies shipped_rules)
waypost_library(bounces DEPENDS base smtp message toml classify USES PkgConfig::RE2 Boost::json)
waypost_embed_toml(bounces rules/bounces shipped_notice_files)
waypost_library(logs DEPENDS base smtp classify USES LibArchive::LibArchive Boost::json)
waypost_library(reports DEPENDS base message)
waypost_library(checks DEPENDS base toml)
waypost_embed_toml(checks rules/checks shipped_checks)
waypost_library(explain
  DEPENDS base smtp message toml classify bounces logs checks
  USES Boost::json)
waypost_embed_toml(explain rules/topics shipped_topics)

# The only door outside.
waypost_library(io DEPENDS base USES Threads::Threads Boost::headers OpenSSL::Crypto)

waypost_library(events DEPENDS base smtp USES Boost::json)
waypost_library(dns DEPENDS base io USES unbound PkgConfig::IDN2)
waypost_library(sasl DEPENDS base io USES PkgConfig::GSASL OpenSSL::Crypto)
waypost_library(tls DEPENDS base io dns USES OpenSSL::SSL)
waypost_library(web DEPENDS base io dns tls USES Boost::headers)
waypost_library(mailauth DEPENDS base io message dns USES OpenSSL::Crypto)
waypost_library(publish DEPENDS base io dns mailauth USES OpenSSL::Crypto Boost::json)
waypost_library(domains DEPENDS base io toml dns mailauth publish USES Boost::json)
waypost_library(oauth DEPENDS base io smtp dns sasl tls web USES OpenSSL::Crypto Boost::json)
waypost_library(spool DEPENDS base io smtp USES RocksDB::rocksdb-shared Boost::json)
waypost_library(records DEPENDS base io smtp message events sasl USES SQLite::SQLite3 OpenSSL::Crypto Boost::json)
waypost_library(guard DEPENDS base io smtp dns records)
waypost_library(shaping DEPENDS base smtp toml events)
waypost_embed_toml(shaping rules/sites shipped_sites)
waypost_library(queue DEPENDS base io smtp classify events spool shaping)
waypost_library(delivery DEPENDS base io smtp message events dns tls sasl spool)
waypost_library(intake DEPENDS base io smtp message events sasl mailauth domains spool records guard)
waypost_library(notices DEPENDS base io smtp message classify events mailauth domains spool queue)
waypost_library(returns
  DEPENDS base io smtp message classify bounces events spool records guard queue)
waypost_library(seeds DEPENDS base io toml sasl)
# Inside of one source only.
target_link_libraries(waypost_seeds PRIVATE CURL::libcurl)
waypost_library(doctor
  DEPENDS base io smtp message toml settings classify checks explain dns tls web sasl mailauth seeds USES Boost::json)
waypost_embed_toml(doctor rules/lists shipped_lists)
waypost_library(submission DEPENDS base io smtp message events dns tls sasl intake)
waypost_library(api
  DEPENDS base io smtp message settings classify explain events dns sasl web spool records guard shaping queue intake submission domains publish
  USES Boost::json)
waypost_embed_text(api docs/format/openapi.json openapi_document)

waypost_library(dashboard DEPENDS base io web)
waypost_embed_files(dashboard ui/dist shipped_dashboard)

# Wiring.
waypost_library(daemon
  DEPENDS base io smtp message settings classify checks doctor config events dns tls sasl oauth spool records guard shaping
    queue delivery mailauth domains intake notices returns submission web api dashboard
  USES spdlog::spdlog Boost::json)
waypost_library(demo
  DEPENDS base io smtp message classify config events tls sasl spool records shaping queue delivery domains daemon)
waypost_library(cli
  DEPENDS base io smtp message toml settings classify bounces logs reports checks explain seeds doctor config events dns tls sasl oauth
    mailauth spool records guard shaping queue delivery intake submission domains publish
  USES CLI11::CLI11 spdlog::spdlog Boost::json)
