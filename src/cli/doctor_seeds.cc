#include "cli/doctor_seeds.h"

#include "delivery/secrets.h"
#include "io/disk.h"
#include "seeds/seed_file.h"

namespace waypost::cli {

tl::expected<seeds::Seeds, int> load_seeds(const std::string& file, const Global& global) {
  auto disk = io::make_system_disk();
  auto text = disk->read_file(file, seeds::seed_file_octets_max);
  if (!text) {
    report(text.error());
    return tl::unexpected(exit_code::input);
  }
  const toml::Source source{file, *std::move(text)};
  seeds::ReadSeeds read = seeds::read_seed_file(source);
  for (const toml::Diagnostic& diagnostic : read.diagnostics)
    note(toml::render(diagnostic, {&source, 1}, notes_have_color(global.color)) + "\n");
  if (!read.diagnostics.empty()) return tl::unexpected(exit_code::configuration);
  for (seeds::Seed& seed : read.seeds.all) {
    auto password = delivery::read_secret_file(*disk, seed.password_file);
    if (!password) {
      report(std::move(password).error().while_doing("reading the password of seed " + seed.id));
      return tl::unexpected(exit_code::input);
    }
    seed.password = *std::move(password);
  }
  return std::move(read.seeds);
}

}  // namespace waypost::cli
