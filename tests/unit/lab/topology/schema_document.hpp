// docs/lab.schema.json, made of the reader's own table of keys.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "keys.hpp"

namespace warren::lab::test {

/// JSON Schema, draft 2020-12.
nlohmann::ordered_json schema_document();
/// The regular expression (ECMAScript) of a format's strings; empty: any string.
std::string pattern_of(Format format);

}  // namespace warren::lab::test
