// A validator for the part of JSON Schema (draft 2020-12) that docs/status.schema.json uses.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace warren::test {

class SchemaCheck {
 public:
  explicit SchemaCheck(nlohmann::json schema) : root_(std::move(schema)) {}

  /// One line for each place where `value` is not what the schema says; empty when it is valid.
  std::vector<std::string> check(const nlohmann::json& value) {
    problems_.clear();
    visit(root_, value, "$");
    return problems_;
  }

 private:
  using json = nlohmann::json;

  static bool is_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "integer") return value.is_number_integer();
    return type == "number" && value.is_number();
  }

  void visit(const json& schema, const json& value, const std::string& where) {
    for (const auto& [keyword, rule] : schema.items()) {
      if (keyword == "$ref") {
        visit(root_.at(json::json_pointer(rule.get<std::string>().substr(1))), value, where);
      } else if (keyword == "type") {
        const auto types = rule.is_array() ? rule : json::array({rule});
        bool matches = false;
        for (const auto& type : types) matches = matches || is_type(value, type);
        if (!matches) problems_.push_back(where + ": is not of type " + rule.dump());
      } else if (keyword == "enum") {
        bool matches = false;
        for (const auto& allowed : rule) matches = matches || allowed == value;
        if (!matches) problems_.push_back(where + ": is none of " + rule.dump());
      } else if (keyword == "minimum") {
        if (value.is_number() && value < rule) problems_.push_back(where + ": is too small");
      } else if (keyword == "required") {
        for (const auto& name : rule) {
          if (value.is_object() && !value.contains(name.get<std::string>())) {
            problems_.push_back(where + ": lacks " + name.get<std::string>());
          }
        }
      } else if (keyword == "properties") {
        for (const auto& [name, inner] : rule.items()) {
          if (value.is_object() && value.contains(name))
            visit(inner, value[name], where + "." + name);
        }
      } else if (keyword == "additionalProperties") {
        for (const auto& [name, inner] : value.items()) {
          if (schema.contains("properties") && schema["properties"].contains(name)) continue;
          if (rule == false) {
            problems_.push_back(where + ": may not have " + name);
          } else {
            visit(rule, inner, where + "." + name);
          }
        }
      } else if (keyword == "items") {
        for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
          visit(rule, value[i], where + "[" + std::to_string(i) + "]");
        }
      } else if (keyword != "$schema" && keyword != "$id" && keyword != "$defs" &&
                 keyword != "title" && keyword != "description") {
        problems_.push_back("the schema has a keyword that this validator does not know: " +
                            keyword);
      }
    }
  }

  nlohmann::json root_;
  std::vector<std::string> problems_;
};

}  // namespace warren::test
