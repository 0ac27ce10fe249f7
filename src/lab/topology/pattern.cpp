#include <re2/re2.h>

#include <warren/base/error.hpp>
#include <warren/lab/pattern.hpp>

namespace warren::lab {
namespace {

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  return options;
}

}  // namespace

Pattern::Pattern(const std::string& text)
    : compiled_(std::make_unique<const re2::RE2>(text, options())) {
  if (!compiled_->ok()) throw base::Error(compiled_->error());
}

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::finds(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace warren::lab
