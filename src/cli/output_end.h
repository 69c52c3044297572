#pragma once

namespace waypost::cli {

// Writes out what was printed. Where that fails, as on a full disk, says so, and makes of `code`
// could_not_finish if it was ok.
int with_output_written(int code);

}  // namespace waypost::cli
