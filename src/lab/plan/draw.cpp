#include <string>

#include <warren/lab/plan.hpp>

#include "picture.hpp"

namespace warren::lab {

std::string draw(const Topology& topology, GraphFormat format) {
  const Picture picture = picture_of(topology);
  if (format == GraphFormat::mermaid) return mermaid_text(picture);
  const std::string dot = dot_text(picture);
  return format == GraphFormat::dot ? dot : svg_from_dot(dot);
}

}  // namespace warren::lab
